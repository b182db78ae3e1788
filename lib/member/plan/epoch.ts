/** Plans the beginning of an epoch, after history went back. Neighbour: keeper (asks for it). */

import { ZK_ERRORS } from '../../model/errors.ts'
import { epochOf } from '../../model/zxid.ts'
import { NONE, type Planned } from './planned.ts'
import type { PlanView } from './view.ts'

export interface NewEpoch {
  readonly type: 'newEpoch'
  /** Above the epoch of everything that any client may have seen. */
  readonly epoch: number
  /** The newest zxid of the epoch before that is known to be part of this history. */
  readonly lastZxid: number
}

/** Nothing happens when somebody else began that epoch, or a later one, before. */
export function planNewEpoch(view: PlanView, request: NewEpoch): Planned {
  if (epochOf(view.base) >= request.epoch) return ZK_ERRORS.BAD_VERSION.errno
  view.ops.push({ type: 'newEpoch', lastZxid: request.lastZxid })
  return NONE
}
