/**
 * The reply to a forwarded request, from the transaction of the journal that it became: paths, Stats as of each operation, and
 * of one that failed, the error that the leader gave. Neighbour: forwarded-writes.
 */
import type { Op } from '../../format/ops.ts'
import { NONE, type Planned } from '../../member/plan/planned.ts'
import type { DataTree } from '../../member/tree/data-tree.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import {
  type MultiOp,
  type MultiResult,
  OP,
  type Stat,
  type SyncRequest,
  type WriteRequest,
} from '../../model/request.ts'
import { statOf } from '../../model/znode.ts'
import type { TxnOutcome } from '../../transfer/zookeeper/txn-outcome.ts'

/** An operation of the transaction, and the znode as it was then. */
export interface AppliedOp {
  readonly path: string
  /** undefined: it is not there any more. */
  readonly stat: Stat | undefined
}

/** Immediately after it was applied. undefined: it is about no znode. */
export function appliedOp(op: Op, tree: DataTree): AppliedOp | undefined {
  switch (op.type) {
    case 'create':
    case 'delete':
    case 'setData':
    case 'setACL':
      return { path: op.path, stat: statAt(tree, op.path) }
    default:
      return undefined
  }
}

export function statAt(tree: DataTree, path: string): Stat | undefined {
  const node = tree.get(path)
  return node && statOf(node, node.data?.length ?? 0)
}

/** What a forwarded request is answered with. `statOfNow`: where the transaction left an operation out. */
export function resultOf(
  request: WriteRequest | SyncRequest,
  applied: readonly AppliedOp[],
  outcome: TxnOutcome,
  statOfNow: (path: string) => Stat | undefined,
): Planned {
  // What was sent in its place failed.
  if (request.type === 'fail') return request.errno
  if (outcome.errno !== 0) return outcome.errno
  switch (request.type) {
    case 'create':
    case 'delete':
    case 'setData':
    case 'check': {
      const result = resultOfOp(request, applied[0], statOfNow)
      return toResult(result)
    }
    case 'setACL': {
      const stat = applied[0]?.stat ?? statOfNow(request.path)
      return stat === undefined ? MISSING : { type: 'stat', stat }
    }
    case 'multi':
      return { type: 'multi', results: resultsOf(request.ops, applied, outcome, statOfNow) }
    case 'sync':
      return { type: 'path', path: request.path }
    default:
      return NONE
  }
}

/** What was done is gone again, and nobody can say what it was. */
const MISSING = ZK_ERRORS.RUNTIME_INCONSISTENCY.errno

function resultsOf(
  ops: readonly MultiOp[],
  applied: readonly AppliedOp[],
  { errnos }: TxnOutcome,
  statOfNow: (path: string) => Stat | undefined,
): MultiResult[] {
  if (errnos !== undefined) return errnos.map((errno) => ({ type: 'error', errno }))
  let at = 0
  return ops.map((op) => {
    const next = applied[at]
    // A check changes nothing, and neither does what is not kept of the ensemble’s own znodes.
    const isIts = op.type !== 'check' && next !== undefined && isOf(op, next.path)
    if (isIts) at++
    return resultOfOp(op, isIts ? next : undefined, statOfNow)
  })
}

/** A sequential one has a number behind it. */
function isOf(op: MultiOp, path: string): boolean {
  return op.type === 'create' ? path.startsWith(op.path) : path === op.path
}

function resultOfOp(
  op: MultiOp,
  applied: AppliedOp | undefined,
  statOfNow: (path: string) => Stat | undefined,
): MultiResult {
  switch (op.type) {
    case 'create': {
      const path = applied?.path ?? op.path
      if (op.op === OP.create) return { type: 'create', path }
      const stat = applied?.stat ?? statOfNow(path)
      return stat === undefined
        ? { type: 'error', errno: MISSING }
        : { type: 'create2', path, stat }
    }
    case 'setData': {
      const stat = applied?.stat ?? statOfNow(op.path)
      return stat === undefined ? { type: 'error', errno: MISSING } : { type: 'setData', stat }
    }
    default:
      return { type: op.type }
  }
}

function toResult(result: MultiResult): Planned {
  switch (result.type) {
    case 'create':
      return { type: 'path', path: result.path }
    case 'create2':
      return { type: 'pathStat', path: result.path, stat: result.stat }
    case 'setData':
      return { type: 'stat', stat: result.stat }
    case 'error':
      return result.errno
    default:
      return NONE
  }
}
