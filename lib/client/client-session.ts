/**
 * The session of a client, supervised: its state, who is notified of it, until when it surely lives, and how it comes
 * back. Neighbours: zookeeper (the verbs), transport (what it runs on), pending-requests, watches.
 */
import { setMaxListeners } from 'node:events'
import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import { ProcessHold } from '../base/process-hold.ts'
import type { ChangeRecord, ChangesOptions } from '../model/change.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { Result } from '../model/request.ts'
import { type CallTrace, withTrace } from './call-trace.ts'
import { CallbackFaults } from './callback-faults.ts'
import { Chroot } from './chroot.ts'
import { clientChanges } from './client-changes.ts'
import type { Auth, ClientState, KnownOptions, StateListener } from './client-options.ts'
import { abandon, Inbound, orAborted } from './inbound.ts'
import { PendingRequests } from './pending-requests.ts'
import { StateListeners } from './state-listeners.ts'
import type { ClientRequest, Link, LinkEnd, Transport } from './transport.ts'
import { untilOpen } from './until-open.ts'
import { ClientWatches } from './watches.ts'

type Reply = (errno: number, trace: CallTrace) => void

export class ClientSession {
  readonly watches: ClientWatches
  readonly options: KnownOptions
  readonly #transport: Transport
  readonly #pending = new PendingRequests()
  readonly #chroot: Chroot
  readonly #hold: ProcessHold
  readonly #listeners: StateListeners
  readonly #auths: Auth[]
  /** Aborted when nothing comes any more. */
  readonly #over = new AbortController()
  /** Aborted when close() is called. */
  readonly #leaving = new AbortController()
  state: ClientState = 'connected'
  /** Requests go there; undefined: the client is not connected. */
  #link: Link | undefined
  /** Of the session, also while it is away. */
  #newest!: Link
  #sink: Inbound | undefined
  /** Of a reply: all events up to it have come. Source: ClientCnxn.readResponse. */
  #lastZxid = 0
  /** When #newest was adopted, monotonic ms. */
  #openedMs = 0
  /** Links in a row that ended soon. */
  #shortLives = 0
  /** Of an event: others of its transaction may not have come. */
  #newestZxid = 0
  #closing: Promise<void> | undefined
  #cancelPing: () => void = () => {}
  #cancelLost: () => void = () => {}

  private constructor(transport: Transport, options: KnownOptions, trace: CallTrace) {
    this.#transport = transport
    this.options = options
    this.#chroot = new Chroot(options.chroot)
    const faults = new CallbackFaults(transport.logger, options.onError)
    this.watches = new ClientWatches(faults)
    this.#listeners = new StateListeners(faults, trace)
    if (options.onState !== undefined) this.#listeners.add(options.onState)
    this.#auths = [...options.auth]
    this.#hold = new ProcessHold(transport.clock)
    // Of any number of recipes and streams.
    setMaxListeners(0, this.#over.signal, this.#leaving.signal)
  }

  /**
   * Opens a session.
   * @throws {ZnodeError} ZK_CONNECTION_LOSS: no server answered in time; ZK_AUTH_FAILED; {StoreError} of a member; the
   * reason of the signal
   */
  static async open(
    transport: Transport,
    options: KnownOptions,
    trace: CallTrace,
  ): Promise<ClientSession> {
    const session = new ClientSession(transport, options, trace)
    try {
      await untilOpen(transport, options, (until) => session.#attempt(undefined, until))
    } catch (error) {
      session.#finish('closed')
      await transport.close()
      throw error instanceof ZnodeError ? withTrace(error, trace) : error
    }
    return session
  }

  get clock(): Clock {
    return this.#transport.clock
  }
  get sessionId(): bigint {
    return this.#newest.sessionId
  }
  get timeoutMs(): number {
    return this.#newest.timeoutMs
  }
  get isReadOnly(): boolean {
    return this.#link?.isReadOnly === true
  }
  get lastZxid(): number {
    return this.#lastZxid
  }
  get isInDoubt(): boolean {
    return this.#newest.isInDoubt
  }
  /** Nothing comes any more: it is closed, or lost for good. */
  get isEnded(): boolean {
    return this.#over.signal.aborted
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  get closing(): AbortSignal {
    return this.#leaving.signal
  }

  get untilMs(): number {
    const isOver = this.state === 'lost' || this.state === 'closed'
    if (isOver || this.closing.aborted) return Number.NEGATIVE_INFINITY
    return this.#newest.aliveMs + this.timeoutMs
  }

  /** A write was sent, and is not answered. */
  get isWriting(): boolean {
    return this.#pending.isWriting
  }

  onStateChange(listener: StateListener): () => void {
    return this.#listeners.add(listener)
  }

  /** `onReply` is called with the answer, before anything that comes after it. */
  ask(request: ClientRequest, path: string | undefined, onReply?: Reply): Promise<Result> {
    const { SESSION_EXPIRED, CONNECTION_LOSS } = ZK_ERRORS
    // A server answers nothing behind the end of the session.
    const isClosing = this.#closing !== undefined
    const isAway = this.state === 'suspended' && !isClosing
    const { errno } = isAway ? CONNECTION_LOSS : SESSION_EXPIRED
    const link = isClosing ? undefined : this.#link
    return this.#pending.ask(link, this.#chroot.request(request), path, errno, onReply)
  }

  /** For this and every later connection. @throws {ZnodeError} ZK_AUTH_FAILED, ZK_CONNECTION_LOSS */
  async authenticate(auth: Auth): Promise<void> {
    const link = this.#link
    if (link === undefined) {
      const { errno } = ZK_ERRORS.CONNECTION_LOSS
      throw new ZnodeError(errno, undefined, { outcome: 'unapplied' })
    }
    await link.authenticate(auth.scheme, auth.auth)
    this.#auths.push(auth)
  }

  /** On a connection of its own, where there is a wire. */
  changes(options: ChangesOptions): AsyncGenerator<ChangeRecord, undefined, undefined> {
    const { timeoutMs, requestBytesMax } = this.options
    const identity = { timeoutMs, requestBytesMax, auths: () => this.#auths }
    const below = { transport: this.#transport, chroot: this.#chroot, over: this.signal }
    return clientChanges({ ...below, ...identity }, options)
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      // To its end, also after unref().
      const hold = new ProcessHold(this.clock)
      this.watches.close()
      let begin = (_closed: Promise<void>): void => {}
      this.#closing = new Promise((resolve) => {
        begin = resolve
      })
      // Before the server can end the session, and let another client hold what this one holds.
      this.#leaving.abort()
      // In this turn: what another client of the process sends behind this call is behind the end of the session.
      begin(this.#close().finally(() => hold.end()))
    }
    return this.#closing
  }

  unref(): void {
    this.#hold.unref()
    this.#transport.unref?.()
  }
  ref(): void {
    this.#hold.ref()
  }

  async #close(): Promise<void> {
    if (this.#link !== undefined) {
      const { errno } = ZK_ERRORS.SESSION_EXPIRED
      await this.#pending
        .ask(this.#link, { type: 'closeSession' }, undefined, errno)
        .catch(() => {})
    }
    this.#become('closed')
    this.#link?.drop()
    this.#link = undefined
    await this.#transport.close()
  }

  /** `known`: to be resumed; undefined: a new session. false: it has ended. */
  async #attempt(known: Link | undefined, signal: AbortSignal): Promise<boolean> {
    const sink = new Inbound({
      replied: (tag, zxid, errno, result) => this.#replied(tag, zxid, errno, result),
      fired: (type, path, zxid) => {
        this.#newestZxid = Math.max(this.#newestZxid, zxid)
        this.watches.fire(type, this.#chroot.toClient(path))
      },
      ended: (reason) => this.#ended(reason),
    })
    const { timeoutMs, requestBytesMax } = this.options
    const request = { timeoutMs: known?.timeoutMs ?? timeoutMs, requestBytesMax, sink, signal }
    const opening =
      known === undefined
        ? this.#transport.open(request)
        : this.#transport.resume({
            ...request,
            sessionId: known.sessionId,
            password: known.password,
            lastZxid: Math.max(this.#lastZxid, this.#newestZxid),
          })
    const link = await orAborted(opening, signal, (late) => abandon(late))
    if (link === undefined) return false
    const seenZxid = this.#lastZxid
    try {
      const proofs = this.#auths.map(({ scheme, auth }) => link.authenticate(scheme, auth))
      await orAborted(Promise.all(proofs), signal)
      if (this.#newest !== undefined) await this.#catchUp(link, sink, known === undefined, signal)
    } catch (error) {
      if (known === undefined) abandon(link)
      else link.drop()
      throw error
    }
    this.#adopt(link, sink, known !== undefined, seenZxid)
    return true
  }

  /**
   * This server may be behind the one before. Whoever looks for what became of a write finds it, and what was read once is
   * not unread. ZooKeeper itself promises the second within a session, and nothing of a write that was not answered.
   */
  async #catchUp(
    link: Link,
    sink: Inbound,
    isAnother: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    if (isAnother) {
      // A restored history may have smaller ones, and no server would resume the session.
      this.#lastZxid = 0
      this.#newestZxid = 0
    }
    const synced = this.#pending.ask(link, { type: 'sync', path: '/' }, undefined, 0)
    // A server that serves reads alone refuses it.
    const answered = synced.catch(() => {})
    await orAborted(sink.unlessEnded(answered), signal)
  }

  /** `seenZxid`: before it caught up: watches miss nothing from there on. */
  #adopt(link: Link, sink: Inbound, isSame: boolean, seenZxid: number): void {
    // Closed meanwhile: nobody is there for it.
    if (this.#closing !== undefined) return abandon(link)
    const isFirst = this.#newest === undefined
    this.#newest = link
    this.#link = link
    this.#sink?.detach()
    this.#sink = sink
    this.#openedMs = this.clock.monotonic()
    if (!isSame) this.watches.fireAll()
    const { requestBytesMax } = this.options
    const room = { prefixLength: this.#chroot.length, requestBytesMax }
    for (const request of this.watches.restored(seenZxid, room)) {
      this.#pending.ask(link, this.#chroot.request(request), undefined, 0).catch(() => {})
    }
    if (!isFirst) this.watches.resynced()
    this.#cancelLost()
    this.#pingLater()
    this.#become('connected')
    sink.attach()
  }

  /** As of the newest change that was applied where the answer comes from. */
  #saw(zxid: number): void {
    if (zxid > this.#lastZxid) this.#lastZxid = zxid
  }

  #replied(tag: number, zxid: number, errno: number, result: Result): void {
    this.#saw(zxid)
    this.#pending.reply(tag, errno, this.#chroot.result(result))
  }

  #ended(reason: LinkEnd): void {
    this.#link = undefined
    this.#cancelPing()
    const isShort = this.clock.monotonic() - this.#openedMs < this.#transport.pausesMs.most
    this.#shortLives = isShort ? this.#shortLives + 1 : 0
    const { SESSION_EXPIRED, CONNECTION_LOSS } = ZK_ERRORS
    const isExpired = reason === 'expired'
    this.#pending.rejectAll((isExpired ? SESSION_EXPIRED : CONNECTION_LOSS).errno)
    if (this.state === 'closed') return
    if (reason === 'closed' || reason === 'over') return this.#become('closed')
    if (isExpired) return this.#expired()
    this.#watchClock()
    this.#become('suspended')
    void this.#comeBack(this.#newest)
  }

  /** The server's verdict. */
  #expired(): void {
    this.#cancelLost()
    if (!this.options.renew) return this.#finish('lost')
    this.#become('lost')
    void this.#comeBack(undefined)
  }

  /** The local clock's verdict: the session may have ended while no server could be reached. */
  #watchClock(): void {
    const look = (): void => {
      const leftMs = this.untilMs - this.clock.monotonic()
      if (this.state !== 'suspended') return
      if (leftMs <= 0) this.#become('lost')
      else this.#cancelLost = this.clock.after(leftMs, look)
    }
    this.#cancelLost = this.clock.after(0, look)
  }

  /** `known`: what is to be resumed, until it is known to have ended; undefined: a new session. */
  async #comeBack(known: Link | undefined): Promise<void> {
    const { clock, pausesMs } = this.#transport
    const range = { firstMs: pausesMs.least, maxMs: pausesMs.most }
    let failures = this.#shortLives
    let pauseMs = failures <= 1 ? pausesMs.first : backoffMs(failures - 1, range)
    while (!this.isEnded) {
      await pause(clock, pauseMs, this.#over.signal)
      if (this.isEnded || this.#link !== undefined) return
      if (this.#transport.isClosed) return this.#become('closed')
      if (!this.#transport.isReady) continue
      try {
        if (await this.#attempt(known, this.#over.signal)) return
        if (!this.isEnded) this.#expired()
        return
      } catch (error) {
        if (error instanceof ZnodeError && error.code === 'ZK_AUTH_FAILED') {
          this.#transport.logger.error({ err: error }, 'an identity of the client was refused')
          return this.#become('closed')
        }
      }
      pauseMs = backoffMs(Math.max(failures++, 1), range)
    }
  }

  #pingLater(): void {
    this.#cancelPing()
    this.#cancelPing = this.clock.after(this.timeoutMs / 3, () => {
      if (this.#link === undefined) return
      this.#pingLater()
      this.#link.ping()
    })
  }

  #become(state: ClientState): void {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    if (state === 'closed') this.#finish(state)
    this.#listeners.report(state)
  }

  /** Nothing comes any more. */
  #finish(state: 'closed' | 'lost'): void {
    this.#cancelPing()
    this.#cancelLost()
    this.#over.abort()
    this.#hold.end()
    if (state === 'closed') this.watches.close()
    else this.#become('lost')
  }
}
