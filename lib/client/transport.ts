/**
 * What a client's session runs on: a member in this process, or connections to servers. The session above it is the same
 * for both. Neighbours: client-session (uses it), member-transport, wire/wire-transport.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { ChangeRecord, ChangesOptions } from '../model/change.ts'
import type { EventType, ReadRequest, Result, SyncRequest, WriteRequest } from '../model/request.ts'
import type { Auth } from './client-options.ts'

/** What a client requests. */
export type ClientRequest = ReadRequest | WriteRequest | SyncRequest

/** Why a link ended. `away`: the session may live on, and can be resumed; `over`: nothing can be opened any more. */
export type LinkEnd = 'closed' | 'expired' | 'away' | 'over'

/** Where a link brings what it receives, in order. */
export interface LinkSink {
  /** `tag` is what send() was given. zxid: of the newest change that the server had applied; 0: not known. */
  reply(tag: number, zxid: number, errno: number, result: Result): void
  event(type: EventType, path: string, zxid: number): void
  /** Nothing comes after it. */
  ended(reason: LinkEnd): void
}

/** A session that is open, on one connection or member. */
export interface Link {
  readonly sessionId: bigint
  /** 16 bytes: what resumes the session elsewhere. */
  readonly password: Uint8Array
  /** As granted. Unit ms. */
  readonly timeoutMs: number
  /** The server serves reads alone. */
  readonly isReadOnly: boolean
  /** The session surely lived at this time: monotonic ms. */
  readonly aliveMs: number
  /** After a pause of this process: the server has not been seen since. */
  readonly isInDoubt: boolean
  /**
   * The reply comes to the sink.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS: it is larger than the server takes; nothing was sent
   */
  send(request: ClientRequest, tag: number): void
  /** Proves an identity for what is sent after it. @throws {ZnodeError} ZK_AUTH_FAILED */
  authenticate(scheme: string, auth: Uint8Array): Promise<void>
  /** A third of the timeout has passed. */
  ping(): void
  /** Leaves the session to its timeout. Nothing comes to the sink any more. */
  drop(): void
}

export interface OpenRequest {
  /** Session timeout as requested. Unit ms. */
  readonly timeoutMs: number
  /** Longest request that the link takes. Unit bytes. */
  readonly requestBytesMax: number
  readonly sink: LinkSink
  /** Aborted: the attempt ends. */
  readonly signal?: AbortSignal | undefined
}

export interface ResumeRequest extends OpenRequest {
  readonly sessionId: bigint
  readonly password: Uint8Array
  /** Newest zxid that this client has seen: no server that is behind it will do. */
  readonly lastZxid: number
}

/** Options of the change feed, complete. */
export interface KnownChangesOptions extends ChangesOptions {
  readonly from: string | undefined
  readonly prefix: string
  readonly withoutData: boolean
  readonly withSessions: boolean
  readonly signal: AbortSignal
}

/** Who reads a change feed. */
export interface ChangesIdentity {
  /** Session timeout to request. Unit ms. */
  readonly timeoutMs: number
  /** Longest request that is sent. Unit bytes. */
  readonly requestBytesMax: number
  /** Proved on each connection. */
  readonly auths: () => readonly Auth[]
}

export interface Transport {
  readonly clock: Clock
  readonly logger: Logger
  /** Nothing can be opened any more. */
  readonly isClosed: boolean
  /** An attempt makes sense now. */
  readonly isReady: boolean
  /** Before the session is resumed for the first time, and then between attempts. Unit ms. */
  readonly pausesMs: { readonly first: number; readonly least: number; readonly most: number }
  /**
   * One attempt to open a session.
   * @throws {ZnodeError} ZK_CONNECTION_LOSS: no server answered; {StoreError} of a member
   */
  open(request: OpenRequest): Promise<Link>
  /** One attempt to resume one. undefined: the session has ended. @throws as open() */
  resume(request: ResumeRequest): Promise<Link | undefined>
  /**
   * The change feed, until its signal is aborted. It survives the loss of a connection.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS; over the wire also ZK_UNIMPLEMENTED, ZK_NO_AUTH, ZK_AUTH_FAILED
   * @throws {ChangesError}
   */
  changes(options: KnownChangesOptions, identity: ChangesIdentity): AsyncIterable<ChangeRecord>
  /** The process may end, as far as what it has for itself is concerned. Absent: that holds nothing. */
  unref?(): void
  /** Ends what it has for itself, after the last session. */
  close(): Promise<void>
}
