/**
 * Plans what a ZooKeeper ensemble has committed: its transactions with their zxids, times and results, each exactly behind
 * the one before it; and the take-over that ends that. Nothing is judged but whether it fits: the ensemble has judged.
 * Source: DataTree.processTxn. Neighbours: batch-planner, lib/migrate (submits).
 */
import type { TreeOp } from '../../format/ops.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import { parentOf } from '../../model/path.ts'
import { KIND } from '../../model/znode.ts'
import { epochOf } from '../../model/zxid.ts'
import { NONE, type Planned } from './planned.ts'
import { planRestOfClose } from './session.ts'
import type { PlanView } from './view.ts'

/** As the tree takes them, but for a create's `parentCreates`: −1 is one more than before. */
export type MirroredOp =
  | TreeOp
  | {
      readonly type: 'createSession'
      readonly id: bigint
      readonly timeoutMs: number
      readonly passwordDigest: string
    }
  /** `paths`: its ephemerals; undefined: not said, those that it owns. */
  | {
      readonly type: 'closeSession'
      readonly id: bigint
      readonly paths: readonly string[] | undefined
    }

/** One transaction of the ensemble. */
export interface MirroredTxn {
  readonly type: 'mirrored'
  /** The newest zxid before it: it is planned behind that one, and behind no other. */
  readonly after: number
  readonly zxid: number
  /** ms since 1970, by the ensemble's leader. */
  readonly time: number
  /** Empty: it failed, or changes nothing that is kept. */
  readonly ops: readonly MirroredOp[]
}

/** From here on the tree is served, and follows nobody. */
export interface TakeOver {
  readonly type: 'takeOver'
}

/** Owns the sessions until their clients come: no proxy's id, so each gets its whole timeout. As import does. */
const NO_PROXY = 'import'
/**
 * So far above the ensemble's epoch that of take-over is: one that is started again by mistake, and elects a few leaders, still
 * has older zxids than the clients that moved, and refuses them.
 */
export const TAKE_OVER_EPOCHS = 256
const EPOCH = 2 ** 32

/** It has been planned before, or another follower was first. */
export const MIRROR_KNOWN = ZK_ERRORS.NODE_EXISTS.errno
/** The tree follows nobody, or nobody any more. */
export const MIRROR_OVER = ZK_ERRORS.SESSION_MOVED.errno
/** A transaction before it is missing. */
export const MIRROR_GAP = ZK_ERRORS.BAD_VERSION.errno
/** It does not fit the tree: this is not the tree that the ensemble has. */
export const MIRROR_MISFIT = ZK_ERRORS.DATA_INCONSISTENCY.errno
/** The store does not take it. */
export const MIRROR_TOO_LARGE = ZK_ERRORS.BAD_ARGUMENTS.errno

/** Of the first transaction after a take-over. */
export function takeOverZxid(zxid: number): number {
  return (epochOf(zxid) + TAKE_OVER_EPOCHS) * EPOCH
}

/** Larger ones are not exact: an epoch must be below 2^21. */
export function isSafeZxid(zxid: number): boolean {
  return Number.isSafeInteger(zxid)
}

/** While the tree follows an ensemble only that one writes; afterwards it does not any more. undefined: planned as ever. */
export function refusalOfMirror(
  { mirrors }: PlanView,
  { type }: { readonly type: string },
): number | undefined {
  if (type === 'sync') return undefined
  const isOfMirror = type === 'mirrored' || type === 'takeOver'
  return isOfMirror === mirrors ? undefined : MIRROR_OVER
}

export function planTakeOver(view: PlanView): Planned {
  if (!isSafeZxid(takeOverZxid(view.base))) return ZK_ERRORS.BAD_ARGUMENTS.errno
  view.ops.push({ type: 'newEpoch', lastZxid: view.base })
  view.mirrors = false
  return NONE
}

export function planMirrored(view: PlanView, { after, zxid, ops }: MirroredTxn): Planned {
  if (zxid <= view.base) return MIRROR_KNOWN
  if (after !== view.base) return MIRROR_GAP
  for (const op of ops) {
    // No store keeps its records, whatever the ensemble did.
    const isTooLong = op.type === 'create' && view.isTooLong(op.path)
    if (!isTooLong && planOp(view, op)) continue
    view.rollback()
    return isTooLong ? MIRROR_TOO_LARGE : MIRROR_MISFIT
  }
  return NONE
}

/** false: it does not fit. */
function planOp(view: PlanView, op: MirroredOp): boolean {
  switch (op.type) {
    case 'create':
      return planCreate(view, op)
    case 'delete':
      return planDelete(view, op.path)
    case 'setData': {
      const node = view.get(op.path)
      if (node === undefined) return false
      const edited = view.edit(op.path, node)
      edited.version = op.version
      edited.mzxid = view.zxid
      edited.mtime = view.time
      edited.dataLength = op.data?.length ?? 0
      view.ops.push(op)
      return true
    }
    case 'setACL': {
      const node = view.get(op.path)
      if (node === undefined) return false
      const edited = view.edit(op.path, node)
      edited.acl = op.acl
      edited.aversion = op.aversion
      view.ops.push(op)
      return true
    }
    case 'createSession': {
      const { id, timeoutMs, passwordDigest } = op
      view.putSession(id, { id, timeoutMs, passwordDigest, owner: NO_PROXY, fence: 0 })
      view.ops.push({ ...op, owner: NO_PROXY })
      return true
    }
    case 'closeSession':
      return planClose(view, op.id, op.paths)
  }
}

function planCreate(view: PlanView, op: MirroredOp & { type: 'create' }): boolean {
  const parentPath = parentOf(op.path)
  const parent = view.get(parentPath)
  if (parent === undefined || view.get(op.path) !== undefined) return false
  const parentCreates = op.parentCreates === -1 ? (parent.creates + 1) | 0 : op.parentCreates
  const edited = view.edit(parentPath, parent)
  edited.childCount++
  if (parentCreates > edited.creates) {
    edited.creates = parentCreates
    edited.pzxid = view.zxid
  }
  const { zxid, time } = view
  view.put(op.path, {
    ...{ czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: time, mtime: time },
    ...{ version: 0, creates: 0, aversion: 0, childCount: 0 },
    ephemeralOwner: op.ephemeralOwner,
    acl: op.acl,
    kind: op.kind,
    ttlMs: op.kind === KIND.ttl ? op.ttlMs : 0,
    dataLength: op.data?.length ?? 0,
  })
  view.ops.push({ ...op, parentCreates })
  return true
}

function planDelete(view: PlanView, path: string): boolean {
  const parentPath = parentOf(path)
  const parent = view.get(parentPath)
  const node = view.get(path)
  if (parent === undefined || node === undefined || node.childCount > 0) return false
  const edited = view.edit(parentPath, parent)
  edited.childCount--
  edited.pzxid = view.zxid
  view.remove(path)
  view.ops.push({ type: 'delete', path })
  return true
}

/** A session that has ended already may be closed again: then nothing is left to be done. */
function planClose(view: PlanView, id: bigint, paths: readonly string[] = []): boolean {
  const owned = view.ephemeralsOf(id)
  for (const path of paths) {
    if (!owned.has(path) && view.get(path) !== undefined && !planDelete(view, path)) return false
  }
  planRestOfClose(view, id)
  // Whole: a part would take a second zxid.
  return !view.isPartial
}
