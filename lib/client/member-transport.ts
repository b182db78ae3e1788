/** The client's sessions on a member of this process. Neighbours: transport, client-session. */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Keeper } from '../member/keeper.ts'
import type { EndReason, Session, SessionQuery, SessionSink } from '../member/session/session.ts'
import type { ChangeRecord } from '../model/change.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { EventType, Result } from '../model/request.ts'
import { badArgument } from './arguments.ts'
import { isRead } from './operations.ts'
import { bytesOf, checkRequestBytes } from './request-size.ts'
import type {
  ClientRequest,
  KnownChangesOptions,
  Link,
  LinkEnd,
  LinkSink,
  OpenRequest,
  ResumeRequest,
  Transport,
} from './transport.ts'

/** How soon a member that lost its store is looked at again. Unit ms. */
const RESUME_MS = 100

export class MemberTransport implements Transport {
  readonly pausesMs = { first: RESUME_MS, least: RESUME_MS, most: RESUME_MS }
  readonly #keeper: Keeper
  /** Closes the member, when it is the client's own. */
  readonly #onClose: () => Promise<void>
  readonly #isOwn: boolean

  /** `onClose`: the member is the client's own. */
  constructor(keeper: Keeper, onClose?: () => Promise<void>) {
    this.#keeper = keeper
    this.#isOwn = onClose !== undefined
    this.#onClose = onClose ?? (async () => {})
  }

  unref(): void {
    if (this.#isOwn) this.#keeper.unref()
  }

  get clock(): Clock {
    return this.#keeper.clock
  }
  get logger(): Logger {
    return this.#keeper.logger
  }
  get isClosed(): boolean {
    return this.#keeper.isClosed
  }
  get isReady(): boolean {
    return this.#keeper.isServing
  }

  async open(request: OpenRequest): Promise<Link> {
    const atMs = this.clock.monotonic()
    const inbox = new Inbox(this.#keeper, request)
    const { session, password } = await this.#keeper.sessions.open(request.timeoutMs, inbox, [])
    return inbox.attach(session, password, atMs)
  }

  async resume(request: ResumeRequest): Promise<Link | undefined> {
    const { sessionId, password, lastZxid } = request
    const atMs = this.clock.monotonic()
    const inbox = new Inbox(this.#keeper, request)
    const { sessions } = this.#keeper
    const known = { lastZxidSeen: lastZxid }
    const session = await sessions.resume(sessionId, password, inbox, [], known)
    return session === undefined ? undefined : inbox.attach(session, password, atMs)
  }

  changes(options: KnownChangesOptions): AsyncIterable<ChangeRecord> {
    try {
      return this.#keeper.changes(options)
    } catch (error) {
      throw error instanceof TypeError ? badArgument(error.message, error) : error
    }
  }

  close(): Promise<void> {
    return this.#onClose()
  }
}

/** What the member's session answers; from attach() on it reaches the client. */
class Inbox implements SessionSink {
  readonly #keeper: Keeper
  readonly #sink: LinkSink
  readonly #requestBytesMax: number
  #link: MemberLink | undefined
  /** It ended before the client had it. */
  #early: EndReason | undefined
  #isDropped = false

  constructor(keeper: Keeper, { sink, requestBytesMax }: OpenRequest) {
    this.#keeper = keeper
    this.#sink = sink
    this.#requestBytesMax = requestBytesMax
  }

  attach(session: Session, password: Uint8Array, atMs: number): Link {
    const drop = (): void => {
      this.#isDropped = true
    }
    const known = { session, password, requestBytesMax: this.#requestBytesMax, atMs }
    this.#link = new MemberLink(this.#keeper, known, drop)
    if (this.#early !== undefined) this.ended(this.#early)
    return this.#link
  }

  reply(tag: number, _query: SessionQuery, zxid: number, errno: number, result: Result): void {
    if (!this.#isDropped) this.#sink.reply(tag, zxid, errno, result)
  }

  event(type: EventType, path: string, zxid: number): void {
    if (!this.#isDropped) this.#sink.event(type, path, zxid)
  }

  ended(reason: EndReason): void {
    if (this.#link === undefined) {
      this.#early = reason
      return
    }
    this.#link.end()
    if (!this.#isDropped) this.#sink.ended(linkEnd(reason))
  }
}

function linkEnd(reason: EndReason): LinkEnd {
  if (reason === 'suspended') return 'away'
  if (reason === 'stopping') return 'over'
  // On another connection the session lives on, but for somebody else.
  return reason === 'moved' ? 'expired' : reason
}

interface KnownSession {
  readonly session: Session
  readonly password: Uint8Array
  readonly requestBytesMax: number
  /** The session was alive at this time, monotonic ms. */
  readonly atMs: number
}

class MemberLink implements Link {
  readonly isReadOnly = false
  readonly sessionId: bigint
  readonly password: Uint8Array
  readonly timeoutMs: number
  readonly #keeper: Keeper
  readonly #session: Session
  readonly #requestBytesMax: number
  readonly #onDrop: () => void
  #aliveMs: number
  #isEnded = false

  constructor(keeper: Keeper, known: KnownSession, onDrop: () => void) {
    this.#keeper = keeper
    this.#session = known.session
    this.#requestBytesMax = known.requestBytesMax
    this.#onDrop = onDrop
    this.#aliveMs = known.atMs
    this.sessionId = known.session.id
    this.password = known.password
    this.timeoutMs = known.session.timeoutMs
  }

  /** It lives as long as its member does: as of the newest heartbeat that the store confirmed. */
  get aliveMs(): number {
    if (!this.#isEnded) this.#see()
    return this.#aliveMs
  }

  get isInDoubt(): boolean {
    this.#keeper.checkStore()
    return this.#keeper.isInDoubt
  }

  send(request: ClientRequest, tag: number): void {
    checkRequestBytes(bytesOf(request), this.#requestBytesMax)
    if (isRead(request)) this.#session.read(request, tag)
    else this.#session.write(request, tag)
  }

  async authenticate(scheme: string, auth: Uint8Array): Promise<void> {
    if (this.#session.authenticate(scheme, auth)) return
    throw new ZnodeError(ZK_ERRORS.AUTH_FAILED.errno)
  }

  /** A client in the process is alive as long as its process runs. */
  ping(): void {
    this.#keeper.sessions.touch(this.#session)
    // Often enough that what is known when the store goes away is not old.
    this.#see()
  }

  drop(): void {
    this.#onDrop()
    this.#session.end('stopping')
    this.#keeper.sessions.detach(this.#session)
  }

  end(): void {
    this.#see()
    this.#isEnded = true
  }

  #see(): void {
    this.#keeper.checkStore()
    if (!this.#keeper.isInDoubt) this.#aliveMs = Math.max(this.#aliveMs, this.#keeper.heartbeatMs)
  }
}
