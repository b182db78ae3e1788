/** Which zxid a request takes, and which session it is about. Neighbour: batch-planner. */
import type { Planned } from '../plan/planned.ts'
import type { CommitTask } from './task.ts'

/** Z1: one zxid per write of a client, also a failed one; session moves take none. */
export function takesZxid({ request }: CommitTask, planned: Planned): boolean {
  switch (request.type) {
    case 'sync':
    case 'moveSession':
      return false
    case 'openSession':
    case 'expireSession':
    case 'finishClose':
    case 'newEpoch':
    case 'deleteContainer':
      return typeof planned !== 'number'
    default:
      return true
  }
}

/** The session that a request of the keeper itself is about; 0n: none. */
export function idOf(request: CommitTask['request']): bigint {
  return 'id' in request ? request.id : 0n
}

/** The one after, or the first of the next epoch. */
export function nextZxid(zxid: number, { request }: CommitTask): number {
  return request.type === 'newEpoch' ? request.epoch * 2 ** 32 : zxid + 1
}
