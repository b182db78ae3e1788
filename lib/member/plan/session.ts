/**
 * Plans the life of sessions: opening, moving to another proxy, closing. A session lives exactly as
 * long as the journal says; a lease or a clock only makes a proxy propose its end.
 */
import { ZK_ERRORS } from '../../model/errors.ts'
import { parentOf } from '../../model/path.ts'
import { NONE, type Planned } from './planned.ts'
import type { PlanView } from './view.ts'

export interface OpenSession {
  readonly type: 'openSession'
  readonly id: bigint
  readonly timeoutMs: number
  readonly passwordDigest: string
  readonly owner: string
}
export interface MoveSession {
  readonly type: 'moveSession'
  readonly id: bigint
  readonly passwordDigest: string
  readonly owner: string
  /** Only if it has not moved since: to whom it belonged then. Absent: in any case. */
  readonly from?: { readonly owner: string; readonly fence: number }
}
/** Ends a session if `owner` still owns it under `fence`; otherwise nothing happens. */
export interface ExpireSession {
  readonly type: 'expireSession'
  readonly id: bigint
  readonly owner: string
  readonly fence: number
}
/** Removes what a session has left that ended in part, and whose proxy did not come to the rest. */
export interface FinishClose {
  readonly type: 'finishClose'
  readonly id: bigint
}
export type SessionRequest = OpenSession | MoveSession | ExpireSession | FinishClose

export function planOpenSession(view: PlanView, request: OpenSession): Planned {
  const { id, timeoutMs, passwordDigest, owner } = request
  // The id is taken already: the caller draws another.
  if (view.session(id) !== undefined) return ZK_ERRORS.NODE_EXISTS.errno
  view.putSession(id, { id, timeoutMs, passwordDigest, owner, fence: 0 })
  view.ops.push({ type: 'createSession', id, timeoutMs, passwordDigest, owner })
  return NONE
}

export function planMoveSession(view: PlanView, request: MoveSession): Planned {
  const session = view.session(request.id)
  if (session === undefined || session.passwordDigest !== request.passwordDigest) {
    return ZK_ERRORS.SESSION_EXPIRED.errno
  }
  const { from } = request
  if (from !== undefined && (from.owner !== session.owner || from.fence !== session.fence)) {
    return ZK_ERRORS.SESSION_MOVED.errno
  }
  const moved = { ...session, owner: request.owner, fence: session.fence + 1 }
  view.putSession(request.id, moved)
  view.ops.push({ type: 'moveSession', id: request.id, owner: moved.owner, fence: moved.fence })
  return NONE
}

function bytesOf(paths: Iterable<string>): number {
  let bytes = 0
  for (const path of paths) bytes += Buffer.byteLength(path)
  return bytes
}

/**
 * However many ephemerals there are. Where older proxies read along, for which each has to be named, they go in
 * several transactions: see {@link PlanView.isPartial}. The session ends with the first, so that nobody resumes it
 * without them.
 */
export function planCloseSession(view: PlanView, id: bigint): Planned {
  if (view.session(id) === undefined) return ZK_ERRORS.SESSION_EXPIRED.errno
  return planRestOfClose(view, id)
}

/** The session, if it is there, and what it still owns, or as much of that as one entry names. */
export function planRestOfClose(view: PlanView, id: bigint): Planned {
  const owned = [...view.ephemeralsOf(id)].sort()
  const isLong = bytesOf(owned) > view.closeBytesMax
  const isNamed = !isLong || !view.hasEndSession
  const paths = isNamed ? firstOf(owned, view.closeBytesMax) : owned
  view.isPartial = paths.length < owned.length
  planRemovals(view, paths)
  view.putSession(id, null)
  view.ops.push(isNamed ? { type: 'closeSession', id, paths } : { type: 'endSession', id })
  return NONE
}

export function planFinishClose(view: PlanView, { id }: FinishClose): Planned {
  const isDone = view.session(id) !== undefined || view.ephemeralsOf(id).size === 0
  return isDone ? ZK_ERRORS.NO_NODE.errno : planRestOfClose(view, id)
}

/** At least one of them. */
function firstOf(paths: readonly string[], bytesMax: number): readonly string[] {
  let bytes = 0
  let count = 0
  for (const path of paths) {
    bytes += Buffer.byteLength(path)
    if (count > 0 && bytes > bytesMax) break
    count++
  }
  return paths.slice(0, count)
}

function planRemovals(view: PlanView, paths: readonly string[]): void {
  for (const path of paths) {
    const parentPath = parentOf(path)
    const parent = view.get(parentPath)
    if (parent !== undefined) {
      const edited = view.edit(parentPath, parent)
      edited.childCount--
      edited.pzxid = view.zxid
    }
    view.remove(path)
  }
}

export function planExpireSession(view: PlanView, request: ExpireSession): Planned {
  const session = view.session(request.id)
  if (session?.owner !== request.owner || session.fence !== request.fence) {
    return ZK_ERRORS.SESSION_MOVED.errno
  }
  return planCloseSession(view, request.id)
}
