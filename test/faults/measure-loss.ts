/**
 * A fault that loses history. What the load had been answered is not judged any more; instead:
 * does a session that saw the lost history go on, do all proxies serve again, does everything hold
 * for a new load, and do all replicas, also that of a proxy started now, show one tree.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fourLetterWord } from '../support/four-letter-word.ts'
import type { AnykeeperBed } from './bed/anykeeper-bed.ts'
import { checkAtRest, equalTrees } from './checks/at-rest.ts'
import type { Witness } from './checks/witness.ts'
import { hex } from './client/session-client.ts'
import type { AnykeeperFault } from './fault.ts'
import type { Load } from './load/load.ts'
import { clientsHit, type Row, untilHealthy } from './measure.ts'

const marginMs = 3_000
/** How soon after its first contact with the other history a proxy has to notice. */
const noticeMs = 2_000
const watchMs = 12_000
const afterwardsMs = 8_000
const healthyMsMax = 60_000

interface Before {
  readonly sessionId: bigint
  readonly zxid: number
}

/** @param startLoad another load on the bed, with clients of its own. */
export async function measureLoss(
  bed: AnykeeperBed,
  load: Load,
  fault: AnykeeperFault,
  random: () => number,
  startLoad: () => Promise<Load>,
): Promise<Row> {
  const { witness } = load
  await untilHealthy(load, 90_000)
  await sleep(marginMs)
  const violationsBefore = witness.violationCount
  witness.fault = `anykeeper: ${fault.name}`
  witness.staleMsMax = 0
  const notes: string[] = []
  const startMs = performance.now()
  let lostMs = startMs
  let backMs = startMs
  const before = new Map<string, Before>()
  await fault.run({
    bed,
    load,
    witness,
    random,
    healed: () => {},
    back: (ms) => {
      backMs = ms
    },
    historyLost: () => {
      lostMs = performance.now()
      load.historyLost()
      for (const { name, sessionId, lastZxid } of load.clients) {
        before.set(name, { sessionId, zxid: lastZxid })
      }
    },
    note: (text) => {
      notes.push(text)
    },
  })
  const { late, lastMs } = await sessionsGoingOn(load, before, backMs)
  const lastS = Math.max(0, (lastMs - backMs) / 1_000)
  notes.push(`sessions from before were answered until ${lastS.toFixed(1)} s after it was back`)
  load.abandon()
  witness.suspended = false
  if (late.length > 0 && fault.sessionsMayContinue !== true) {
    witness.violation(
      'sessions went on over lost history',
      `${late.length} of ${before.size} are served after ${noticeMs} ms: ${late.slice(0, 4).join(', ')}`,
    )
  }
  notes.push(`${loudLines(bed)} loud lines`)
  if (fault.repair !== undefined) {
    await fault.repair(bed, (text) => notes.push(text))
    backMs = performance.now()
  }
  // Sessions that are opened elsewhere before the last proxy has begun its epoch begin again, as documented.
  await untilAllServe(bed)
  const healthyMs = await serveAgain(bed, witness, startLoad)
  return {
    name: fault.name,
    peer: 'anykeeper',
    gapS: witness.longestGapMs(startMs, performance.now()) / 1_000,
    ...clientsHit(load, lostMs),
    healthyS: healthyMs === undefined ? undefined : (healthyMs - backMs) / 1_000,
    afterBackS: undefined,
    staleS: witness.staleMsMax / 1_000,
    writes: witness.ackMs.filter((ms) => ms >= startMs).length,
    violations: witness.violationCount - violationsBefore,
    notes,
  }
}

/** Names of the sessions from before that are answered although their history is gone. */
async function sessionsGoingOn(
  load: Load,
  before: ReadonlyMap<string, Before>,
  backMs: number,
): Promise<{ late: string[]; lastMs: number }> {
  let lastMs = 0
  const found = new Map<string, string>()
  const endMs = performance.now() + watchMs
  while (performance.now() < endMs) {
    for (const client of load.clients) {
      const { name, sessionId, lastAnsweredMs } = client
      const old = before.get(name)
      if (old === undefined || old.sessionId !== sessionId || sessionId === 0n) continue
      lastMs = Math.max(lastMs, lastAnsweredMs)
      if (lastAnsweredMs < backMs + noticeMs) continue
      found.set(name, `${name} ${hex(sessionId)}, which had seen 0x${old.zxid.toString(16)}`)
    }
    await sleep(50)
  }
  return { late: [...found.values()], lastMs }
}

/** Every proxy that lives serves, or as long as a load may take to be healthy. */
async function untilAllServe(bed: AnykeeperBed): Promise<void> {
  const endMs = performance.now() + healthyMsMax
  for (const { port } of bed.servers) {
    while (performance.now() < endMs) {
      const answer = await fourLetterWord({ host: '127.0.0.1', port }, 'ruok').catch(() => '')
      if (answer === 'imok') break
      await sleep(100)
    }
  }
}

/** A new load, for a while; then the trees. Resolves with when all was well. */
async function serveAgain(
  bed: AnykeeperBed,
  witness: Witness,
  startLoad: () => Promise<Load>,
): Promise<number | undefined> {
  const load = await startLoad().catch((error: Error) => {
    witness.violation('nothing can be written afterwards', `${error.message}: ${error.cause}`)
    return undefined
  })
  if (load === undefined) return undefined
  const healthyMs = await untilHealthy(load, healthyMsMax, 0)
  if (healthyMs === undefined) {
    const off = load.clients.filter((client) => !client.isConnected).map(({ name }) => name)
    witness.violation('not healthy again', `${off.join(' ')} after ${healthyMsMax} ms`)
    load.abandon()
    return undefined
  }
  await sleep(afterwardsMs)
  await load.pause()
  await checkAtRest(
    load,
    bed.servers.map(({ port }) => port),
  )
  const other = await bed.startAnotherProxy()
  try {
    await equalTrees(witness, [bed.servers[0]!.port, other.port])
  } finally {
    await other.kill()
  }
  await load.stop()
  return healthyMs
}

/** Lines of level error and above. */
function loudLines(bed: AnykeeperBed): number {
  return bed.proxies.flatMap(({ child }) =>
    child.output.split('\n').filter((text) => /^\{"level":[56]0/.test(text)),
  ).length
}
