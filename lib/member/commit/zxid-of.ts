/** Which zxid a request takes, and which session it is about. Neighbour: batch-planner. */
import { takeOverZxid } from '../plan/mirrored.ts'
import type { Planned } from '../plan/planned.ts'
import type { CommitTask } from './task.ts'

/**
 * Z1: one zxid per write of a client, also a failed one; session moves take none. `mirrors`: an ensemble gives the zxids,
 * and all else is refused.
 */
export function takesZxid({ request }: CommitTask, planned: Planned, mirrors: boolean): boolean {
  if (mirrors && request.type !== 'mirrored') return false
  switch (request.type) {
    case 'sync':
    case 'moveSession':
      return false
    case 'openSession':
    case 'expireSession':
    case 'finishClose':
    case 'newEpoch':
    case 'deleteContainer':
    case 'mirrored':
    case 'takeOver':
      return typeof planned !== 'number'
    default:
      return true
  }
}

/** The session that a request of the keeper itself is about; 0n: none. */
export function idOf(request: CommitTask['request']): bigint {
  return 'id' in request ? request.id : 0n
}

/** The one after, the first of the next epoch, or the one that the source gave. */
export function nextZxid(zxid: number, { request }: CommitTask): number {
  switch (request.type) {
    case 'newEpoch':
      return request.epoch * 2 ** 32
    case 'takeOver':
      return takeOverZxid(zxid)
    case 'mirrored':
      return request.zxid
    default:
      return zxid + 1
  }
}

/** Requests with a jump of zxids stand alone in their batch: entries before format 3 have no other. */
export function isAlone({ request }: CommitTask): boolean {
  return request.type === 'newEpoch' || request.type === 'takeOver'
}

/** When its changes were made, ms since 1970: now, or when the source says. */
export function timeOf({ request }: CommitTask, now: number): number {
  return request.type === 'mirrored' ? request.time : now
}
