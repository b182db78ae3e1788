/** What the session manager keeps of a session. Neighbour: session-manager. */
import type { SessionRecord } from '../../format/record.ts'
import type { Session } from './session.ts'

/** A session this proxy owns; `connection` is missing while its client is away. */
export interface OwnedSession {
  record: SessionRecord
  /** As negotiated last; the record has the timeout that the session was opened with. */
  timeoutMs: number
  lastSeenMs: number
  connection: Session | undefined
  closing: boolean
  /** This member takes it over from a ZooKeeper ensemble: the move of it ends no connection. */
  isClaimed?: boolean
}

/** A new session, and the 16-byte password that resumes it elsewhere. */
export interface OpenedSession {
  readonly session: Session
  readonly password: Uint8Array
}

/** Seen just now, and not connected. */
export function ownedSession(record: SessionRecord, nowMs: number): OwnedSession {
  const { timeoutMs } = record
  return { record, timeoutMs, lastSeenMs: nowMs, connection: undefined, closing: false }
}

/** Is that the move that makes it ours at a take-over? Then its connection stays. */
export function isClaim(owned: OwnedSession | undefined, record: SessionRecord): boolean {
  if (owned?.isClaimed !== true) return false
  owned.isClaimed = false
  owned.record = record
  owned.connection?.claimed(record)
  return true
}

/** Ends the connections of those that have ended or moved. */
export function leaveMoved(
  all: Map<bigint, OwnedSession>,
  sessions: ReadonlyMap<bigint, SessionRecord>,
  proxy: string,
): void {
  for (const [id, owned] of all) {
    const record = sessions.get(id)
    const isOurs = record?.owner === proxy && record.fence === owned.record.fence
    if (isOurs) continue
    all.delete(id)
    owned.connection?.end(record === undefined ? 'expired' : 'moved')
  }
}
