/**
 * The newest transaction that we have, by which a leader’s history is recognised as ours: it is requested once more, and must
 * have the same time. Neighbours: learner (compares), mirror and open-source-feed (remember it).
 */
import type { NewestTxn, Replica } from '../member/tree/replica.ts'
import { RESERVED } from '../model/path.ts'
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'

export type KnownTxn = NewestTxn

const TWO_32 = 2 ** 32

/** Of a tree that follows an ensemble; undefined: it does not show. */
export function knownTxn({ zxid, newest, tree }: Replica): KnownTxn | undefined {
  return newest?.zxid === zxid ? newest : shownBy(tree.entries(), zxid)
}

/** Of a snapshot. */
export function txnInTree(tree: ZookeeperTree): KnownTxn | undefined {
  return shownBy(tree.entries(), tree.zxid)
}

/** Within an epoch zxids have no gaps. undefined: it is the first of its epoch, and the one before it is not known. */
export function zxidBefore({ zxid, before }: KnownTxn): number | undefined {
  if (zxid % TWO_32 > 1) return zxid - 1
  return before > 0 ? before : undefined
}

interface Shown {
  readonly czxid: number
  readonly mzxid: number
  readonly ctime: number
  readonly mtime: number
}

/** A znode that was created or changed by it has its time. */
function shownBy(entries: Iterable<[string, Shown]>, zxid: number): KnownTxn | undefined {
  for (const [path, { czxid, mzxid, ctime, mtime }] of entries) {
    // What was never changed has a zxid of 0.
    if (path === RESERVED.config || zxid === 0) continue
    if (mzxid === zxid) return { zxid, time: mtime, before: 0 }
    if (czxid === zxid) return { zxid, time: ctime, before: 0 }
  }
  return undefined
}
