/**
 * Is our tree the source’s? Joins the ensemble a second time, takes a snapshot, and compares both at the same zxid.
 * Neighbours: open-source-feed, tree-compare.
 */
import { systemClock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { finishTree } from '../transfer/zookeeper/finished-tree.ts'
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import { openSourceFeed } from './open-source-feed.ts'
import { SourceError } from './source-error.ts'
import { SOURCE_SID, type SourceEvent, type SourceFeedOptions } from './source-feed.ts'
import {
  type ComparableTree,
  type TreeDifference,
  treeDifference,
  treeHash,
} from './tree-compare.ts'

export interface VerifyOptions extends Omit<SourceFeedOptions, 'from'> {
  /**
   * Our tree, once it has all that is committed up to this zxid, or a later one; it must not change until the promise of
   * {@link verifySource} is settled. A zxid whose lower 32 bits are 0 begins an epoch: there is no transaction of that
   * zxid, only all those before it.
   */
  readonly ours: (atLeast: number) => Promise<ComparableTree>
  /**
   * Ours was made from the source’s as an import makes it, without what belongs to the servers alone: the same is done to
   * the source’s before they are compared. @default none
   */
  readonly finish?: { readonly withTtl: boolean }
  /** Sentences. @default 20 */
  readonly differencesMax?: number
  /** For all of it. Unit ms. @default 600 000 */
  readonly timeoutMs?: number
}

export interface Verdict {
  /** At which both were compared. */
  readonly zxid: number
  readonly isEqual: boolean
  /** SHA-256, hexadecimal: see treeHash. */
  readonly sourceHash: string
  readonly ourHash: string
  readonly difference: TreeDifference
  readonly znodes: number
  readonly sessions: number
}

/** The command has a flag for each: `--differences` and `--timeout`. */
const DIFFERENCES_MAX = 20
const TIMEOUT_MS = 600_000
const TWO_32 = 2 ** 32

/**
 * The load on the source is that of one more observer that joins. A server id of its own keeps it apart from the feed that
 * our tree comes from.
 * @throws {SourceError} the source cannot be followed, or did not get that far in time
 */
export async function verifySource(options: VerifyOptions): Promise<Verdict> {
  const { ours, differencesMax = DIFFERENCES_MAX, timeoutMs = TIMEOUT_MS } = options
  const { clock = systemClock, sid = SOURCE_SID - 1 } = options
  const feed = openSourceFeed({ ...options, sid, from: 0 })
  let isLate = false
  const cancel = deadline(clock, timeoutMs, () => {
    isLate = true
    void feed.close()
  })
  try {
    const events = feed[Symbol.asyncIterator]()
    const snapshot = await snapshotOf(events)
    const here = snapshot === undefined ? undefined : await ours(snapshot.zxid)
    const tree = here === undefined ? undefined : await replayed(snapshot, events, here.zxid)
    if (tree === undefined || here === undefined) {
      const why = isLate ? `not verified within ${timeoutMs} ms` : 'the source is followed no more'
      throw new SourceError('SOURCE_SILENT', why)
    }
    if (options.finish !== undefined) finishTree(tree, options.finish)
    const sourceHash = treeHash(tree)
    const ourHash = treeHash(here)
    return {
      ...{ zxid: here.zxid, isEqual: sourceHash === ourHash, sourceHash, ourHash },
      difference: treeDifference(tree, here, differencesMax),
      ...{ znodes: tree.nodeCount, sessions: tree.sessions.size },
    }
  } finally {
    cancel()
    await feed.close()
  }
}

async function snapshotOf(events: AsyncIterator<SourceEvent>): Promise<ZookeeperTree | undefined> {
  for (;;) {
    const { value, done } = await events.next()
    if (done === true) return undefined
    if (value.kind === 'snapshot') return value.tree
  }
}

/**
 * The source’s tree at that zxid; undefined: the feed ended before.
 * @throws {SourceError} our tree is older than the snapshot
 */
async function replayed(
  snapshot: ZookeeperTree | undefined,
  events: AsyncIterator<SourceEvent>,
  zxid: number,
): Promise<ZookeeperTree | undefined> {
  let tree = snapshot
  for (;;) {
    if (tree === undefined) return undefined
    checkReach(tree, zxid)
    if (tree.zxid >= zxid) return tree
    const { value, done } = await events.next()
    if (done === true) return undefined
    if (value.kind === 'truncate') return undefined
    // After a long break there is another one.
    if (value.kind === 'snapshot') tree = value.tree
    if (value.kind !== 'transactions') continue
    for (const txn of value.txns) {
      if (txn.zxid <= zxid && txn.zxid > tree.zxid) tree.apply(txn)
    }
  }
}

/** The first zxid of an epoch is of no transaction: our tree may be there without having it. */
function checkReach(tree: ZookeeperTree, zxid: number): void {
  if (zxid >= tree.zxid || tree.zxid % TWO_32 === 0) return
  throw new SourceError(
    'SOURCE_SLOW',
    `our tree is at 0x${zxid.toString(16)}, behind the snapshot at 0x${tree.zxid.toString(16)}`,
  )
}
