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
}

/** A new session, and the 16-byte password that resumes it elsewhere. */
export interface OpenedSession {
  readonly session: Session
  readonly password: Uint8Array
}
