/**
 * An ensemble that is followed, with what a follower may find when it comes back: a few transactions more, more than the leader
 * keeps, and an ensemble that was restored from a backup, once before and once behind what the follower has. Each time the tree in
 * the store must be the ensemble’s afterwards. Used by ../restored.test.ts and, with more servers, by ../main.ts.
 */
import { cpSync, rmSync } from 'node:fs'
import { RawClient } from '../../support/raw-client.ts'
import type { ZookeeperLine } from '../../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import type { ZookeeperServer } from '../../support/zookeeper-server.ts'
import { edgeSnapshot } from '../wild/edge-tree.ts'
import { type FollowedSource, FollowedStore } from './followed-store.ts'
import { type NewEnsemble, newEnsemble } from './new-ensemble.ts'

export interface RestoredOptions {
  readonly line: ZookeeperLine
  readonly size: number
  /** false: nothing but the transactions themselves shows what they lead to. */
  readonly hasDigests: boolean
}

/** What following began with each time, and whether it led to the tree of the ensemble. */
export interface RestoredStep {
  readonly name: 'few' | 'many' | 'restored' | 'restored, and further'
  readonly snapshots: number
  readonly truncates: number
  readonly differences: readonly string[]
}

const FEW = 10
/** A leader keeps 500 in memory, and is kept from looking at its logs. */
const MANY = 700

export async function restoredRun(options: RestoredOptions): Promise<RestoredStep[]> {
  const backup = temporaryFolder('backup')
  const ensemble = await newEnsemble({
    ...{ version: options.line, size: options.size, tickTimeMs: 500, heapMb: 96 },
    snapshot: edgeSnapshot(),
    properties: {
      'zookeeper.digest.enabled': String(options.hasDigests),
      'zookeeper.snapshotSizeFactor': '-1',
    },
  })
  const store = new FollowedStore(ensemble as FollowedSource)
  try {
    return await steps(ensemble, store, backup)
  } finally {
    await store.close()
    await ensemble.stop()
    removeFolder(backup)
  }
}

async function steps(
  ensemble: NewEnsemble,
  store: FollowedStore,
  backup: string,
): Promise<RestoredStep[]> {
  const { members } = ensemble
  members.forEach((member, at) => {
    cpSync(member.dataDir, `${backup}/${at}`, { recursive: true })
  })
  const restore = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.kill()))
    members.forEach((member, at) => {
      rmSync(member.dataDir, { recursive: true })
      cpSync(`${backup}/${at}`, member.dataDir, { recursive: true })
    })
    await ensemble.start()
  }
  const seen: RestoredStep[] = []
  const see = async (name: RestoredStep['name']): Promise<void> => {
    const { difference } = await store.verdict()
    // Leaving writes what was counted.
    await store.leave()
    const { snapshots = 0, truncates = 0 } = await store.counters()
    seen.push({ name, snapshots, truncates, differences: difference.first })
  }
  const again = async (): Promise<void> => {
    store.follow()
    await store.until('a leader', ({ leader, zxid }) => leader !== '' && zxid > 0)
  }
  await ensemble.start()
  await write(members[0]!, 'first', FEW)
  await again()
  await store.leave()

  await write(members[0]!, 'few', FEW)
  await again()
  await see('few')

  await write(members[0]!, 'many', MANY)
  await again()
  await see('many')

  await again()
  const { resyncs: before } = await store.until('a record', () => true)
  await restore()
  // By a TRUNC, or by a SNAP where the leader has no transaction in memory, as of 3.4.
  await store.until('another copy', ({ resyncs, zxid }) => resyncs > before && zxid > 0)
  await write(members[0]!, 'restored', FEW)
  await see('restored')

  // The same epoch once more, with other transactions of the same zxids.
  await restore()
  await write(members[0]!, 'further', 2 * FEW)
  await again()
  await see('restored, and further')
  return seen
}

async function write({ port }: ZookeeperServer, name: string, count: number): Promise<void> {
  const client = await RawClient.connect({ port, timeoutMs: 10_000 })
  await Promise.all(
    Array.from({ length: count }, (_, at) => client.create(`/w/${name}-${at}`, { data: name })),
  )
  await client.close()
}
