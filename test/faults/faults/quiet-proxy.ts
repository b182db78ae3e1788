/**
 * A proxy whose clients only read, behind a member that gets heartbeats but no entries. Its feed is
 * alive and stands still, and no write of its own can make it notice. The other proxies, which do not
 * use that member, write meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnykeeperBed } from '../bed/anykeeper-bed.ts'
import { SessionClient } from '../client/session-client.ts'
import type { AnykeeperFault, FaultContext } from '../fault.ts'

const quiet = 2
const settledMs = 2_000
const readMs = 100
const untilSyncMs = 10_000
/** Then a sync without an answer, on a connection that lives, is a freeze. */
const syncMsMax = 15_000

export const quietProxyFault: AnykeeperFault = {
  peer: 'anykeeper',
  name: 'quiet proxy behind a member that gets no entries',
  bed: 'ordinary',
  before: '59 s stale, one sync freezes for ever',
  goal: { staleS: 4, text: 'stale ≤ 4 s; no freeze' },
  async prepare(bed) {
    if ((await bed.leader()) === 0) await bed.lead(1)
    await sleep(settledMs)
    await bed.servers[quiet]!.end()
    // The quiet one opens its feed on member 0, since it reaches no other; the others leave that member.
    const cut = [0, 1, 2].map((index) =>
      bed.storeLinks[index]!.filter((_, m) => (m === 0) !== (index === quiet)),
    )
    for (const link of cut.flat()) {
      link.refuse(true)
      link.cut()
    }
    await bed.servers[quiet]!.start()
    for (const link of cut[quiet]!) link.refuse(false)
  },
  async run(context) {
    const { bed, load } = context
    load.avoid(quiet)
    await sleep(1_000)
    const readers = [0, 1].map((number) => reader(context, number))
    try {
      await Promise.all(readers.map((client) => client.ready()))
      await sleep(500)
      context.note(`connections by member ${bed.storeConnections.join('/')}`)
      bed.peers.holdEntries(0)
      const stop = readOn(context, readers[0]!)
      await sleep(untilSyncMs)
      context.note(await syncAndRead(context, readers[1]!))
      await stop()
    } finally {
      bed.peers.heal()
      for (const index of [0, 1]) bed.storeLinks[index]![0]!.refuse(false)
      load.avoid(undefined)
      await Promise.all(readers.map((client) => client.stop()))
    }
    context.healed()
  },
}

function reader({ bed, witness, random }: FaultContext<AnykeeperBed>, number: number) {
  return new SessionClient({
    name: `quiet${number}-${Math.floor(random() * 1e9)}`,
    ports: [bed.servers[quiet]!.port],
    timeoutMs: 6_000,
    observer: witness,
  }).start(0)
}

/** Reads a register again and again; how old what it sees is goes into the witness. */
function readOn({ load }: FaultContext<AnykeeperBed>, client: SessionClient): () => Promise<void> {
  let isRunning = true
  const { registers } = load.context
  const path = registers.paths[0]!
  const seen = new Map<string, number>()
  const loop = async (): Promise<void> => {
    while (isRunning) {
      const call = registers.call(path)
      const reply = await client.callNow(4, { path }).catch(() => undefined)
      if (reply?.err === 0) {
        const { data, stat } = reply.record
        const value = data?.toString() ?? ''
        const read = { process: client.name, value, version: stat!.version, isSynced: false, seen }
        registers.read(call, read)
      }
      await sleep(readMs)
    }
  }
  const done = loop()
  return async () => {
    isRunning = false
    // A read in progress may never be answered.
    await Promise.race([done, sleep(1_000)])
  }
}

async function syncAndRead(
  { load, witness }: FaultContext<AnykeeperBed>,
  client: SessionClient,
): Promise<string> {
  if (!client.isConnected) return 'not connected when it wanted to sync'
  const { registers } = load.context
  const path = registers.paths[1]!
  const call = registers.call(path)
  const startMs = performance.now()
  const { connection } = client
  const answer = Promise.all([
    client.callNow(9, { path }, connection),
    client.callNow(4, { path }, connection),
  ]).catch(() => 'disconnected' as const)
  const late = sleep(syncMsMax, 'late' as const)
  const result = await Promise.race([answer, late])
  const tookS = ((performance.now() - startMs) / 1_000).toFixed(1)
  if (result === 'disconnected') return `sync: disconnected after ${tookS} s`
  if (result === 'late') {
    const isAlive = client.isConnected && client.connection === connection
    const text = `${client.name}: sync without an answer for ${tookS} s, connected ${isAlive}`
    if (isAlive) witness.violation('a request is stuck', text)
    return text
  }
  const [sync, read] = result
  if (sync.err !== 0 || read.err !== 0) return `sync answered ${sync.err}, read ${read.err}`
  const { data, stat } = read.record
  const value = data?.toString() ?? ''
  const seen = new Map<string, number>()
  const shown = { process: client.name, value, version: stat!.version, isSynced: true, seen }
  registers.read(call, shown)
  return `sync answered after ${tookS} s`
}
