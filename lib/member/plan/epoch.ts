/** Plans the beginning of an epoch, after history went back. Neighbour: keeper (asks for it). */

import { ZK_ERRORS } from '../../model/errors.ts'
import { epochOf } from '../../model/zxid.ts'
import { NONE, type Planned } from './planned.ts'
import type { PlanView } from './view.ts'

export interface NewEpoch {
  readonly type: 'newEpoch'
  /** The epoch of what clients have seen. */
  readonly above: number
  /** The one that begins. */
  readonly epoch: number
  /** The newest zxid of the epoch before that is known to be part of this history. */
  readonly lastZxid: number
}

/** Nothing happens when somebody else began an epoch above what clients have seen before. */
export function planNewEpoch(view: PlanView, request: NewEpoch): Planned {
  if (epochOf(view.base) > request.above) return ZK_ERRORS.BAD_VERSION.errno
  view.ops.push({ type: 'newEpoch', lastZxid: request.lastZxid })
  return NONE
}
