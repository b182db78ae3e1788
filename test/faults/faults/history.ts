/** History that goes back, or is another one, under proxies that keep running. */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../support/eventually.ts'
import { fourLetterWord } from '../../support/four-letter-word.ts'
import { RawClient } from '../../support/raw-client.ts'
import type { AnykeeperBed } from '../bed/anykeeper-bed.ts'
import { missingSnapshotTools, restoreSnapshot, saveSnapshot } from '../bed/etcd-snapshots.ts'
import { SessionClient } from '../client/session-client.ts'
import type { AnykeeperFault, FaultContext } from '../fault.ts'

type Context = FaultContext<AnykeeperBed>

/** Written under load after the snapshot, and lost with it. */
const lostMs = 4_000
const recordMsMax = 60_000

export const historyFaults: readonly AnykeeperFault[] = [
  historyFault('older snapshot restored', (context) => restore(context, false), {
    missing: missingSnapshotTools,
  }),
  historyFault('older snapshot restored, revision bumped', (context) => restore(context, true), {
    missing: missingSnapshotTools,
  }),
  historyFault('older volume snapshots put back', async (context) => {
    const { bed } = context
    await stopAll(bed)
    const copies = bed.members.map((member) => join(bed.folder, `copy-${member.name}`))
    for (const [index, member] of bed.members.entries()) member.copyDataTo(copies[index]!)
    await startAll(bed)
    await sleep(lostMs)
    await stopAll(bed)
    for (const [index, member] of bed.members.entries()) member.replaceDataBy(copies[index]!)
    context.historyLost()
    context.back(await startAll(bed))
  }),
  historyFault('--force-new-cluster from a lagging member', async (context) => {
    const { bed } = context
    await bed.lead(0)
    bed.peers.cutOff(2)
    await sleep(lostMs)
    await stopAll(bed)
    bed.peers.heal()
    context.historyLost()
    bed.members[2]!.launch(['--force-new-cluster'])
    context.back(await bed.untilQuorum([2]))
  }),
  historyFault(
    'another, empty cluster at the same addresses',
    async (context) => {
      const { bed } = context
      await stopAll(bed)
      for (const member of bed.members) member.removeData()
      context.historyLost()
      context.back(await startAll(bed))
    },
    { repair: beginEmpty },
  ),
  historyFault(
    'head deleted',
    async ({ bed, historyLost, back }) => {
      await bed.members[1]!.api.delete(headOf(bed))
      historyLost()
      back(performance.now())
    },
    { repair: putHeadBack },
  ),
  historyFault(
    'whole prefix deleted',
    async ({ bed, historyLost, back }) => {
      await bed.members[1]!.api.deletePrefix(`${bed.prefix}/`)
      historyLost()
      back(performance.now())
    },
    { repair: beginEmpty },
  ),
  historyFault(
    'record of a znode deleted',
    async ({ bed, historyLost, back }) => {
      const { api } = bed.members[1]!
      const key = recordOf(bed)
      // Under load records are written some time behind the journal.
      const isWritten = async (): Promise<boolean> => (await api.get(key)) !== undefined
      await eventually(`a record ${key}`, isWritten, recordMsMax)
      await api.delete(key)
      historyLost()
      back(performance.now())
    },
    { sessionsMayContinue: true, repair: writeRecordAgain },
  ),
]

function historyFault(
  name: string,
  run: (context: Context) => Promise<void>,
  more: Pick<AnykeeperFault, 'missing' | 'sessionsMayContinue' | 'repair'> = {},
): AnykeeperFault {
  return {
    peer: 'anykeeper',
    name,
    bed: 'history',
    before: 'corruption',
    goal: { text: 'every proxy notices within 2 s of its first contact' },
    losesHistory: true,
    run,
    ...more,
  }
}

function headOf({ prefix }: AnykeeperBed): string {
  return `${prefix}/head`
}

/** Of the znode /p. */
function recordOf({ prefix }: AnykeeperBed): string {
  return `${prefix}/n/a1/p`
}

/**
 * Nobody serves a tree that is not there. A proxy that is started on nothing begins one with the first write, and
 * what was opened there before the others begin their epoch is ended by it.
 */
async function beginEmpty({ servers }: AnykeeperBed): Promise<void> {
  await servers[0]!.end()
  await servers[0]!.start()
  const client = await RawClient.connect({ port: servers[0]!.port })
  await client.create('/begun').catch(() => {})
  client.destroy()
}

/** Nothing was committed without it: the value that it had last fits all the rest. */
async function putHeadBack(bed: AnykeeperBed): Promise<void> {
  const { api } = bed.members[1]!
  for (let revision = await api.confirm(); revision > 0; revision--) {
    const value = await api.get(headOf(bed), revision)
    if (value === undefined) continue
    await api.put(headOf(bed), value)
    return
  }
}

/**
 * A proxy that starts refuses the damaged tree, or names what it cannot read, unless the comparison of records has
 * written the record again by then; one that runs has all of it, and a change writes the record.
 */
async function writeRecordAgain(bed: AnykeeperBed, note: (text: string) => void): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await bed.members[1]!.api.get(recordOf(bed))) !== undefined
  const started = await bed.startAnotherProxy().then(
    async (proxy) => {
      const mntr = await fourLetterWord(proxy, 'mntr')
      await proxy.kill()
      if (/zk_anykeeper_unreadable_znodes\t[1-9]/.test(mntr)) return 'served all but the znode'
      return (await isThere()) ? 'found the record written again' : 'serves'
    },
    ({ message }: Error) =>
      message.includes('the tree is not the one that head names') ? 'refused the tree' : message,
  )
  note(`a proxy started now ${started}`)
  if (!/^(?:refused|served|found)/.test(started)) {
    throw new Error(`a proxy started on a tree without a record: ${started}`)
  }
  const client = new SessionClient({
    name: 'repair',
    ports: [bed.servers[0]!.port],
    timeoutMs: 10_000,
    observer: {
      connected: () => {},
      disconnected: () => {},
      sessionLost: () => {},
      violation: () => {},
    },
  }).start(0)
  try {
    await client.call(5, { path: '/p', data: '', version: -1 })
    await eventually('the record is written again', isThere, recordMsMax)
  } finally {
    await client.stop()
  }
}

async function restore(context: Context, bump: boolean): Promise<void> {
  const { bed } = context
  const file = join(bed.folder, 'snapshot.db')
  await saveSnapshot(bed, file)
  await sleep(lostMs)
  await stopAll(bed)
  await restoreSnapshot(bed, file, { bump })
  context.historyLost()
  context.back(await startAll(bed))
  await bed.learnMemberIds()
}

async function stopAll(bed: AnykeeperBed): Promise<void> {
  await Promise.all(bed.members.map((member) => member.kill()))
}

/** When a linearizable read is answered. */
async function startAll(bed: AnykeeperBed): Promise<number> {
  for (const member of bed.members) member.launch()
  return bed.untilQuorum([...bed.members.keys()])
}
