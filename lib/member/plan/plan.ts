/**
 * One door to all planners: request + view → what to answer, and (in view.ops) what to commit.
 * Pure: no time, no store. Line: session queue → here → batch.
 */
import { ZK_ERRORS } from '../../model/errors.ts'
import type { WriteRequest } from '../../model/request.ts'
import { planDeleteContainer } from './delete.ts'
import { planGuarded } from './guarded.ts'
import { planMulti, planOp } from './multi.ts'
import type { Caller, Planned } from './planned.ts'
import {
  planCloseSession,
  planExpireSession,
  planFinishClose,
  planMoveSession,
  planOpenSession,
  type SessionRequest,
} from './session.ts'
import { planSetAcl } from './set.ts'
import type { PlanView } from './view.ts'

/** Of a client: judged by its session. */
export function planWrite(view: PlanView, request: WriteRequest, caller: Caller): Planned {
  switch (request.type) {
    case 'multi':
      return planMulti(view, request, caller)
    case 'setACL':
      return planSetAcl(view, request, caller)
    case 'deleteContainer':
      return planDeleteContainer(view, request)
    case 'guarded':
      return planGuarded(view, request, caller)
    case 'closeSession':
      return planCloseSession(view, caller.sessionId)
    case 'fail':
      return request.errno
    default:
      return planOp(view, request, caller)
  }
}

/** Of the keeper itself. */
export function planSession(view: PlanView, request: SessionRequest): Planned {
  switch (request.type) {
    case 'openSession':
      return planOpenSession(view, request)
    case 'moveSession':
      return planMoveSession(view, request)
    case 'expireSession':
      return planExpireSession(view, request)
    case 'finishClose':
      return planFinishClose(view, request)
  }
}

/** A connection that lost its session to another proxy, or to its end, writes nothing. */
export function checkSession(
  view: PlanView,
  session: { readonly id: bigint; readonly owner: string; readonly fence: number },
): number {
  const record = view.session(session.id)
  if (record === undefined) return ZK_ERRORS.SESSION_EXPIRED.errno
  if (record.owner !== session.owner || record.fence !== session.fence) {
    return ZK_ERRORS.SESSION_MOVED.errno
  }
  return 0
}
