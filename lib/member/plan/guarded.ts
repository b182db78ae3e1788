/**
 * Plans a change behind guards: judged by what is being committed, so nothing can come between the guard and the change.
 * Neighbour: plan.
 */
import { ZK_ERRORS } from '../../model/errors.ts'
import type { GuardedRequest } from '../../model/request.ts'
import { planMulti, planOp } from './multi.ts'
import type { Caller, Planned } from './planned.ts'
import { planSetAcl } from './set.ts'
import type { PlanView } from './view.ts'

export function planGuarded(
  view: PlanView,
  { guards, request }: GuardedRequest,
  caller: Caller,
): Planned {
  for (const { path, czxid } of guards) {
    const node = view.get(path)
    if (node === undefined) return ZK_ERRORS.NO_NODE.errno
    if (node.czxid !== czxid) return ZK_ERRORS.BAD_VERSION.errno
  }
  switch (request.type) {
    case 'multi':
      return planMulti(view, request, caller)
    case 'setACL':
      return planSetAcl(view, request, caller)
    default:
      return planOp(view, request, caller)
  }
}
