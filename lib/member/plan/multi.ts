/**
 * Plans multi: all or nothing, one zxid, later operations see earlier ones (M5). A failure is still
 * a successful reply that carries one result per operation (M3): 0 before the failing one, its code,
 * RUNTIMEINCONSISTENCY after it. Only a create with unusable flags makes the whole request an error,
 * wherever it stands.
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

/** ZooKeeper cannot decode such a create: unknown flags, or a TTL wanted under another opcode. */
function hasUnusableFlags(op: MultiOp): boolean {
  if (op.type !== 'create') return false
  const { PERSISTENT, PERSISTENT_WITH_TTL, PERSISTENT_SEQUENTIAL_WITH_TTL } = CREATE_FLAGS
  const { flags } = op
  if (flags < PERSISTENT || flags > PERSISTENT_SEQUENTIAL_WITH_TTL) return true
  return flags >= PERSISTENT_WITH_TTL && op.op !== OP.createTTL
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
  const { ops } = request
  for (const op of ops) if (hasUnusableFlags(op)) return ZK_ERRORS.MARSHALLING.errno
  const results: MultiResult[] = []
  for (const op of ops) {
    const planned = planOp(view, op, caller)
    if (typeof planned !== 'number') {
      results.push(toMultiResult(op, planned))
      continue
    }
    view.rollback()
    // It met what no operation can be judged by.
    if (planned === ZK_ERRORS.MARSHALLING.errno) return planned
    const index = results.length
    return {
      type: 'multi',
      results: ops.map((_, i): MultiResult => {
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
