/** History that goes back, or is another one, under proxies that keep running. */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../support/eventually.ts'
import type { AnykeeperBed } from '../bed/anykeeper-bed.ts'
import { missingSnapshotTools, restoreSnapshot, saveSnapshot } from '../bed/etcd-snapshots.ts'
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
  historyFault('another, empty cluster at the same addresses', async (context) => {
    const { bed } = context
    await stopAll(bed)
    for (const member of bed.members) member.removeData()
    context.historyLost()
    context.back(await startAll(bed))
  }),
  historyFault('head deleted', async ({ bed, historyLost, back }) => {
    await bed.members[1]!.api.delete(`${bed.prefix}/head`)
    historyLost()
    back(performance.now())
  }),
  historyFault('whole prefix deleted', async ({ bed, historyLost, back }) => {
    await bed.members[1]!.api.deletePrefix(`${bed.prefix}/`)
    historyLost()
    back(performance.now())
  }),
  historyFault(
    'record of a znode deleted',
    async ({ bed, historyLost, back }) => {
      const { api } = bed.members[1]!
      const key = `${bed.prefix}/n/a1/p`
      // Under load records are written some time behind the journal.
      const isWritten = async (): Promise<boolean> => (await api.get(key)) !== undefined
      await eventually(`a record ${key}`, isWritten, recordMsMax)
      await api.delete(key)
      historyLost()
      back(performance.now())
    },
    { sessionsMayContinue: true },
  ),
]

function historyFault(
  name: string,
  run: (context: Context) => Promise<void>,
  more: Pick<AnykeeperFault, 'missing' | 'sessionsMayContinue'> = {},
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
