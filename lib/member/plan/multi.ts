/**
 * Plans multi: all or nothing, one zxid, later operations see earlier ones (M5). A failure is still
 * a successful reply that carries one result per operation (M3): 0 before the failing one, its
 * code, RUNTIMEINCONSISTENCY after it. Only a create with a TTL under another opcode fails the
 * whole request, when its turn comes: ZooKeeper cannot even record it.
 */
import { ZK_ERRORS } from '../../model/errors.ts'
import {
  CREATE_FLAGS,
  type MultiOp,
  type MultiRequest,
  type MultiResult,
  OP,
  type Result,
} from '../../model/request.ts'
import { planCreate } from './create.ts'
import { planDelete } from './delete.ts'
import type { Caller, Planned } from './planned.ts'
import { planCheck, planSetData } from './set.ts'
import type { PlanView } from './view.ts'

/** What may stand in a multi, and alone. */
export function planOp(view: PlanView, op: MultiOp, caller: Caller): Planned {
  switch (op.type) {
    case 'create':
      return planCreate(view, op, caller)
    case 'delete':
      return planDelete(view, op, caller)
    case 'setData':
      return planSetData(view, op, caller)
    case 'check':
      return planCheck(view, op, caller)
  }
}

function wantsTtlInVain(op: MultiOp): boolean {
  if (op.type !== 'create' || op.op === OP.createTTL) return false
  const { PERSISTENT_WITH_TTL, PERSISTENT_SEQUENTIAL_WITH_TTL } = CREATE_FLAGS
  return op.flags === PERSISTENT_WITH_TTL || op.flags === PERSISTENT_SEQUENTIAL_WITH_TTL
}

function toMultiResult(op: MultiOp, result: Result): MultiResult {
  switch (result.type) {
    case 'path':
      return { type: 'create', path: result.path }
    case 'pathStat':
      return { type: 'create2', path: result.path, stat: result.stat }
    case 'stat':
      return { type: 'setData', stat: result.stat }
    default:
      return { type: op.type === 'delete' ? 'delete' : 'check' }
  }
}

export function planMulti(view: PlanView, request: MultiRequest, caller: Caller): Planned {
  const results: MultiResult[] = []
  for (const [index, op] of request.ops.entries()) {
    if (wantsTtlInVain(op)) {
      view.rollback()
      return ZK_ERRORS.MARSHALLING.errno
    }
    const planned = planOp(view, op, caller)
    if (typeof planned !== 'number') {
      results.push(toMultiResult(op, planned))
      continue
    }
    view.rollback()
    return {
      type: 'multi',
      results: request.ops.map((_, i): MultiResult => {
        if (i < index) return { type: 'error', errno: 0 }
        return {
          type: 'error',
          errno: i === index ? planned : ZK_ERRORS.RUNTIME_INCONSISTENCY.errno,
        }
      }),
    }
  }
  return { type: 'multi', results }
}
