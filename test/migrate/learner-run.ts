/**
 * Follows a real ensemble under load while its leaders are killed, and joins it again after each kill: the tree that was
 * followed must be the one of the new snapshot, at the same zxid. Used by learner.test.ts and, for long, by main.ts.
 */
import type { HostPort } from '../../lib/migrate/source-feed.ts'
import type { Verdict } from '../../lib/migrate/verify-source.ts'
import { verifySource } from '../../lib/migrate/verify-source.ts'
import { within } from '../support/eventually.ts'
import { freePorts } from '../support/free-port.ts'
import type { ZookeeperLine } from '../support/requirements.ts'
import { startZookeeperEnsemble, type ZookeeperEnsemble } from '../support/zookeeper-server.ts'
import { EnsembleLoad } from './ensemble-load.ts'
import { FollowedTree } from './followed-tree.ts'

export interface LearnerRunOptions {
  readonly line: ZookeeperLine
  readonly kills: number
  readonly seed: number
  readonly onKill?: (line: string) => void
}

export interface LearnerReport {
  readonly transactions: number
  readonly digestsEqual: number
  readonly problems: readonly string[]
  readonly snapshots: number
  readonly breaks: readonly string[]
  readonly verdicts: readonly Verdict[]
  /** Of the tree that was followed by the observerMasterPort of followers. Absent: the release has none. */
  readonly masters?: MastersReport
  /** Of the snapshots of the joins: those proved by a digest. */
  readonly replies: number
}

export interface MastersReport {
  /** The first one that was joined was one. */
  readonly isFirst: boolean
  readonly digestsEqual: number
  readonly problems: readonly string[]
  readonly snapshots: number
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const STEP_MS = 120_000
const SIZE = 3
const HOST = '127.0.0.1'
const MASTERS_SID = 200

export async function learnerRun(options: LearnerRunOptions): Promise<LearnerReport> {
  const { line, kills, seed, onKill } = options
  const masterPorts = await freePorts(SIZE)
  const hasMasters = line >= '3.6'
  const ensemble = await startZookeeperEnsemble({
    ...{ version: line, heapMb: 96, tickTimeMs: 500, size: SIZE },
    ...(hasMasters && { configOf: (id) => ({ observerMasterPort: masterPorts[id - 1]! }) }),
    ...(line === '3.4' ? {} : { properties: { 'znode.container.checkIntervalMs': '500' } }),
  })
  const servers = ensemble.members.map(({ host, port }) => ({ host, port }))
  const followed = new FollowedTree({ servers, from: 0, logger: quiet })
  const quorum = masterPorts.map((port) => ({ host: HOST, port }))
  const byMasters = hasMasters
    ? new FollowedTree({ servers, quorum, from: 0, sid: MASTERS_SID, logger: quiet })
    : undefined
  const load = new EnsembleLoad(ensemble, {
    ...{ writers: 3, hasKinds: line !== '3.4', pauseMs: 40, seed },
  })
  const verdicts: Verdict[] = []
  try {
    await within(
      'the first snapshot',
      STEP_MS,
      followed.until(() => followed.tree !== undefined),
    )
    for (let kill = 1; kill <= kills; kill++) {
      await more(followed, 300)
      await killLeader(ensemble, followed)
      const verdict = await within('a verdict', STEP_MS, verify(servers, followed))
      verdicts.push(verdict)
      onKill?.(
        `kill ${kill}: ${followed.transactions} txns, ${followed.digestsEqual} digests equal, ` +
          `0x${verdict.zxid.toString(16)} ${verdict.isEqual ? 'equal' : verdict.difference.first.join('; ')} ` +
          `(${verdict.znodes} znodes, ${verdict.sessions} sessions)`,
      )
    }
    await load.end()
    if (byMasters !== undefined) await caughtUp(byMasters, followed)
  } finally {
    await load.end()
    for (const tree of [followed, ...(byMasters === undefined ? [] : [byMasters])]) {
      await tree.end().catch((error: unknown) => tree.problems.push(String(error)))
    }
    await ensemble.stop()
  }
  const { transactions, digestsEqual, problems, snapshots, breaks } = followed
  return {
    ...{ transactions, digestsEqual, problems, snapshots, breaks, verdicts },
    ...(byMasters !== undefined && { masters: mastersReport(byMasters, quorum) }),
    replies: load.replies,
  }
}

function mastersReport(
  { digestsEqual, problems, leaders, snapshots }: FollowedTree,
  ports: readonly HostPort[],
): MastersReport {
  const isFirst = ports.some(({ host, port }) => leaders[0] === `${host}:${port}`)
  return { isFirst, digestsEqual, problems, snapshots }
}

/** Nothing is written any more but the ends of sessions. */
async function caughtUp(late: FollowedTree, followed: FollowedTree): Promise<void> {
  const { zxid } = followed.tree!
  await within(
    'the tree of the observer masters',
    STEP_MS,
    late.until(() => (late.tree?.zxid ?? 0) >= zxid),
    () => late.breaks.slice(-3).join('; '),
  )
}

/** So many more transactions are followed. */
async function more(followed: FollowedTree, count: number): Promise<void> {
  const goal = followed.transactions + count
  await within(
    `${count} more transactions`,
    STEP_MS,
    followed.until(() => followed.transactions >= goal),
    () => followed.breaks.slice(-3).join('; '),
  )
}

async function killLeader(ensemble: ZookeeperEnsemble, followed: FollowedTree): Promise<void> {
  const leader = await ensemble.leader()
  const { connects } = followed.feed.counters
  await leader.kill()
  await within(
    'another leader',
    STEP_MS,
    followed.until(() => followed.feed.counters.connects > connects),
    () => followed.breaks.slice(-3).join('; '),
  )
  await leader.start()
}

async function verify(
  servers: readonly { host: string; port: number }[],
  followed: FollowedTree,
): Promise<Verdict> {
  let release = (): void => {}
  try {
    return await verifySource({
      ...{ servers, logger: quiet },
      ours: async (zxid) => {
        const held = await followed.hold(zxid)
        release = held.release
        return held.tree
      },
    })
  } finally {
    release()
  }
}
