/**
 * ZooKeeper's client API inside the process of a keeper: for controllers that import the library.
 * Promises, ZnodeError on failure, watches as callbacks. The session survives a store outage and is
 * resumed; if it expired meanwhile, the state goes to 'lost' and every ephemeral is gone.
 */
import type { Clock } from '../base/clock.ts'
import { ProcessHold } from '../base/process-hold.ts'
import { Keeper } from '../member/keeper.ts'
import type { EndReason, Session } from '../member/session/session.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { Acl, MultiResult, Result, Stat } from '../model/request.ts'
import {
  badArgument,
  checkAcl,
  checkCallback,
  checkData,
  checked,
  checkPath,
  checkVersion,
} from './arguments.ts'
import { type CallTrace, captureTrace } from './call-trace.ts'
import { CallbackFaults } from './callback-faults.ts'
import { ClientLife, type StateListener } from './client-life.ts'
import { type ClientOptions, type ClientState, checkClientOptions } from './client-options.ts'
import { ClientSink } from './client-sink.ts'
import { type ClientOp, type CreateOptions, createOp, toBytes, toMultiOps } from './operations.ts'
import type { ClientRequest } from './pending-requests.ts'
import { ClientWatches, type WatchCallback } from './watches.ts'

/**
 * One session of ZooKeeper inside the process of a keeper. Every call rejects with a ZnodeError, whose stack has the
 * caller's line: ZooKeeper's own results; ZK_BAD_ARGUMENTS or ZK_INVALID_ACL for an argument that is refused before
 * anything is sent; ZK_CONNECTION_LOSS when the store is out of reach or the keeper stops (`outcome` says whether a
 * write may have been applied); ZK_SESSION_EXPIRED once the session has ended.
 *
 * An open client keeps the process alive, as its keeper does, until close() or {@link unref}.
 */
export class KeeperClient {
  readonly #keeper: Keeper
  readonly #options: ClientOptions
  #session: Session | undefined
  #password: Uint8Array
  /** The session's id, as in `ephemeralOwner` of its znodes. */
  readonly sessionId: bigint
  /** Session timeout as granted. Unit ms. */
  readonly timeoutMs: number
  readonly #hold: ProcessHold
  readonly #sink: ClientSink
  #closing: Promise<void> | undefined
  #cancelTouch: (() => void) | undefined
  readonly #life: ClientLife

  /**
   * Opens a session on this keeper.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS: an option is not valid, or not known
   * @throws {StoreError} the keeper closed, or reloaded its tree, before the outcome was known
   */
  static async connect(keeper: Keeper, options: ClientOptions = {}): Promise<KeeperClient> {
    const trace = captureTrace(KeeperClient.connect)
    const known = checked(() => {
      if (!(keeper instanceof Keeper)) throw badArgument('the first argument must be a Keeper')
      return checkClientOptions(options)
    })
    const faults = new CallbackFaults(keeper.logger, known.onError)
    const sink = new ClientSink(new ClientWatches(faults))
    const askedMs = keeper.clock.monotonic()
    const { session, password } = await keeper.sessions.open(known.timeoutMs ?? 30_000, sink, [])
    const life = new ClientLife(
      keeper,
      session.timeoutMs,
      askedMs,
      known.onState,
      (listener, state) => faults.run(listener, state, 'onState', trace),
    )
    const client = new KeeperClient(keeper, known, session, password, sink, life)
    sink.attach((reason) => client.#ended(reason))
    return client
  }

  private constructor(
    keeper: Keeper,
    options: ClientOptions,
    session: Session,
    password: Uint8Array,
    sink: ClientSink,
    life: ClientLife,
  ) {
    this.#keeper = keeper
    this.#options = options
    this.#session = session
    this.#password = password
    this.#sink = sink
    this.#life = life
    this.#hold = new ProcessHold(keeper.clock)
    this.sessionId = session.id
    this.timeoutMs = session.timeoutMs
    this.#authenticate(session)
    this.#touch()
  }

  /** The session's state as known now. */
  get state(): ClientState {
    return this.#life.state
  }

  /** The clock of the keeper: what {@link sessionUntilMs} is measured with. */
  get clock(): Clock {
    return this.#keeper.clock
  }

  /**
   * This process was paused, or the machine suspended, and the store has not been seen since: the session may have
   * ended meanwhile. Looks at the clocks, so it is true before any timer or event of that pause has run.
   */
  get isInDoubt(): boolean {
    return this.#life.isInDoubt
  }

  /**
   * Until then the session cannot have ended without this client knowing it: monotonic ms of {@link clock}. It moves
   * forward while the store answers; −Infinity once the state is 'lost' or 'closed'.
   */
  get sessionUntilMs(): number {
    return this.#life.untilMs
  }

  /**
   * Calls `listener` at each change of {@link state}, after the option onState. What it throws is reported to the option
   * onError. Returns its cancel.
   */
  onStateChange(listener: StateListener): () => void {
    return this.#life.onChange(listener)
  }

  /**
   * Creates a znode. `data`: bytes, null for none. Resolves with the path, sequence number
   * included.
   * @throws {ZnodeError} ZK_NODE_EXISTS, ZK_NO_NODE (the parent), ZK_NO_CHILDREN_FOR_EPHEMERALS,
   * ZK_NO_AUTH, ZK_INVALID_ACL, ZK_BAD_ARGUMENTS (path, mode or TTL)
   */
  async create(
    path: string,
    data: Uint8Array | null = null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    const result = await this.#ask(createOp(path, data, options), path)
    if (result.type !== 'pathStat') throw new TypeError(`unexpected ${result.type}`)
    return { path: result.path, stat: result.stat }
  }

  /**
   * Deletes a znode without children. `version`: expected version; −1: any.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_BAD_VERSION, ZK_NOT_EMPTY, ZK_NO_AUTH, ZK_BAD_ARGUMENTS
   */
  async delete(path: string, version = -1): Promise<void> {
    const known = { path: checkPath(path), version: checkVersion(version) }
    await this.#ask({ type: 'delete', ...known }, path)
  }

  /**
   * Replaces the data: bytes, copied, or null for none. `version`: expected version; −1: any. Resolves with the new
   * Stat.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_BAD_VERSION, ZK_NO_AUTH, ZK_BAD_ARGUMENTS (also: larger than the store takes)
   */
  async setData(path: string, data: Uint8Array | null, version = -1): Promise<Stat> {
    const known = checked(() => ({
      path: checkPath(path),
      data: checkData(data),
      version: checkVersion(version),
    }))
    const result = await this.#ask({ type: 'setData', ...known }, path)
    if (result.type !== 'stat') throw new TypeError(`unexpected ${result.type}`)
    return result.stat
  }

  /**
   * Replaces the ACL. `aversion`: expected ACL version; −1: any. Resolves with the new Stat.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_BAD_VERSION, ZK_NO_AUTH, ZK_INVALID_ACL, ZK_BAD_ARGUMENTS
   */
  async setAcl(path: string, acl: readonly Acl[], aversion = -1): Promise<Stat> {
    const known = checked(() => ({
      path: checkPath(path),
      acl: checkAcl(acl),
      version: checkVersion(aversion, 'aversion'),
    }))
    const result = await this.#ask({ type: 'setACL', ...known }, path)
    if (result.type !== 'stat') throw new TypeError(`unexpected ${result.type}`)
    return result.stat
  }

  /**
   * Reads the data, null where the znode has none. `watch`: called once, at its change or deletion.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_NO_AUTH, ZK_BAD_ARGUMENTS
   */
  async getData(
    path: string,
    watch?: WatchCallback,
  ): Promise<{ data: Uint8Array | null; stat: Stat }> {
    const result = await this.#read('getData', path, watch, (trace) => {
      if (watch !== undefined) this.#sink.watches.addData(path, watch, trace)
    })
    if (result.type !== 'data') throw new TypeError(`unexpected ${result.type}`)
    return { data: toBytes(result.data), stat: result.stat }
  }

  /**
   * undefined when there is no such znode; the watch is set either way. Needs no permission.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS
   */
  async exists(path: string, watch?: WatchCallback): Promise<Stat | undefined> {
    try {
      const result = await this.#read('exists', path, watch, (trace) => {
        if (watch !== undefined) this.#sink.watches.addData(path, watch, trace)
      })
      return result.type === 'stat' ? result.stat : undefined
    } catch (error) {
      if (error instanceof ZnodeError && error.code === 'ZK_NO_NODE') return undefined
      throw error
    }
  }

  /** A callback given to getData() or exists() is not called any more. */
  unwatch(path: string, watch: WatchCallback): void {
    this.#sink.watches.removeData(path, watch)
  }

  /**
   * Reads the names of the children, in no order. `watch` is called once, at the next child created
   * or deleted, or when the znode itself is deleted.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_NO_AUTH, ZK_BAD_ARGUMENTS
   */
  async getChildren(
    path: string,
    watch?: WatchCallback,
  ): Promise<{ children: readonly string[]; stat: Stat }> {
    const result = await this.#read('getChildren2', path, watch, (trace) => {
      if (watch !== undefined) this.#sink.watches.addChild(path, watch, trace)
    })
    if (result.type !== 'childrenStat') throw new TypeError(`unexpected ${result.type}`)
    return { children: [...result.children], stat: result.stat }
  }

  /**
   * Reads the ACL; digests are masked without ADMIN. @throws {ZnodeError} ZK_NO_NODE, ZK_NO_AUTH
   */
  async getAcl(path: string): Promise<{ acl: readonly Acl[]; stat: Stat }> {
    const result = await this.#ask({ type: 'getACL', path: checkPath(path) }, path)
    if (result.type !== 'acl') throw new TypeError(`unexpected ${result.type}`)
    return { acl: result.acl, stat: result.stat }
  }

  /**
   * All operations under one zxid, or none. Build them with createOp(), or as plain records.
   * Resolves with one result per operation, in order: `create2` (path and Stat) for one of
   * createOp(), `create` (path alone) for a record whose `op` is 1, `setData` (Stat), `delete`,
   * `check`.
   * @throws {ZnodeError} that of the first operation that fails, with its path; nothing is applied. ZK_BAD_ARGUMENTS,
   * ZK_INVALID_ACL: an operation is not valid
   */
  async multi(ops: readonly ClientOp[]): Promise<readonly MultiResult[]> {
    const known = toMultiOps(ops)
    const result = await this.#ask({ type: 'multi', ops: known }, undefined)
    if (result.type !== 'multi') throw new TypeError(`unexpected ${result.type}`)
    const at = result.results.findIndex((r) => r.type === 'error' && r.errno !== 0)
    const failed = result.results[at]
    if (failed?.type === 'error') throw new ZnodeError(failed.errno, known[at]?.path)
    return result.results
  }

  /** Reads after it see every write that was committed before this call, on any member. @throws {ZnodeError} */
  async sync(path = '/'): Promise<void> {
    await this.#ask({ type: 'sync', path: checkPath(path) }, path)
  }

  /**
   * Ends the session and deletes its ephemerals. From the call on no watch callback is called, and none at all once it
   * has resolved. While the store is out of reach the session cannot be ended: it expires. Never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Lets the process end while this client is open; its keeper has an unref() of its own. */
  unref(): this {
    this.#hold.unref()
    return this
  }

  /** Takes unref() back. */
  ref(): this {
    this.#hold.ref()
    return this
  }

  async #close(): Promise<void> {
    this.#sink.watches.close()
    if (this.#session) await this.#ask({ type: 'closeSession' }, undefined).catch(() => {})
    this.#become('closed')
  }

  #ended(reason: EndReason): void {
    this.#session = undefined
    const { SESSION_EXPIRED, CONNECTION_LOSS } = ZK_ERRORS
    this.#sink.pending.rejectAll((reason === 'expired' ? SESSION_EXPIRED : CONNECTION_LOSS).errno)
    if (this.#life.state === 'closed') return
    if (reason === 'suspended') {
      if (!this.#keeper.isInDoubt) this.#life.seenAlive()
      this.#become('suspended')
      void this.#resume()
    } else if (reason === 'closed' || reason === 'stopping') this.#become('closed')
    else this.#become('lost')
  }

  async #resume(): Promise<void> {
    while (this.#life.state === 'suspended') {
      await new Promise<void>((resolve) => this.#keeper.clock.after(100, resolve))
      if (this.#keeper.isClosed) return this.#become('closed')
      if (!this.#keeper.isServing || this.#life.state !== 'suspended') continue
      const askedMs = this.#keeper.clock.monotonic()
      try {
        const session = await this.#keeper.sessions.resume(
          this.sessionId,
          this.#password,
          this.#sink,
          [],
          { lastZxidSeen: this.#sink.lastZxid },
        )
        if (session === undefined) return this.#become('lost')
        // Closed meanwhile: nobody is there for it.
        if (this.#closing !== undefined) return session.write({ type: 'closeSession' }, 0)
        this.#session = session
        this.#life.resumedAt(askedMs)
        this.#authenticate(session)
        this.#become('connected')
        this.#sink.watches.fireAll()
      } catch {
        // Still out of reach.
      }
    }
  }

  #authenticate(session: Session): void {
    if (this.#options.digest !== undefined) {
      session.authenticate('digest', Buffer.from(this.#options.digest))
    }
  }

  /** An in-process client is alive as long as its process runs: this is its ping. */
  #touch(): void {
    this.#cancelTouch = this.#keeper.clock.after(this.timeoutMs / 3, () => {
      if (this.#session !== undefined) this.#keeper.sessions.touch(this.#session)
      // Seen often enough that what is known when the store goes away is not old.
      void this.sessionUntilMs
      if (!this.#life.isOver) this.#touch()
    })
  }

  #become(state: ClientState): void {
    if (!this.#life.become(state)) return
    if (this.#life.isOver) {
      this.#cancelTouch?.()
      this.#hold.end()
    }
    if (state === 'closed') this.#sink.watches.close()
    this.#life.notify()
  }

  /** A watch is registered with the answer, before any event that comes after it; without one no stack is captured. */
  #read(
    type: 'getData' | 'exists' | 'getChildren2',
    path: string,
    watch: WatchCallback | undefined,
    register: (trace: CallTrace) => void,
  ): Promise<Result> {
    checkPath(path)
    checkCallback(watch, 'watch')
    const isSetWithout = type === 'exists' ? ZK_ERRORS.NO_NODE.errno : 0
    const request = { type, path, watch: watch !== undefined } as const
    if (watch === undefined) return this.#ask(request, path)
    return this.#ask(request, path, (errno, trace) => {
      if (errno === 0 || errno === isSetWithout) register(trace)
    })
  }

  #ask(
    request: ClientRequest,
    path: string | undefined,
    onReply?: (errno: number, trace: CallTrace) => void,
  ): Promise<Result> {
    const { SESSION_EXPIRED, CONNECTION_LOSS } = ZK_ERRORS
    const { errno } = this.#life.state === 'suspended' ? CONNECTION_LOSS : SESSION_EXPIRED
    return this.#sink.pending.ask(this.#session, request, path, errno, onReply)
  }
}
