/**
 * ZooKeeper's client API inside the process of a keeper: for controllers that import the library.
 * Promises, ZnodeError on failure, watches as callbacks. The session survives a store outage and is
 * resumed; if it expired meanwhile, the state goes to 'lost' and every ephemeral is gone.
 */

import type { Clock } from '../base/clock.ts'
import type { Keeper } from '../member/keeper.ts'
import type { EndReason, Session, SessionQuery, SessionSink } from '../member/session/session.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type {
  Acl,
  EventType,
  MultiResult,
  ReadRequest,
  Result,
  Stat,
  SyncRequest,
  WriteRequest,
} from '../model/request.ts'
import {
  type ClientOp,
  type CreateOptions,
  createOp,
  isRead,
  toBytes,
  toMultiOp,
  toText,
} from './operations.ts'
import { ClientWatches, type WatchCallback } from './watches.ts'

/** Curator's words: suspended may come back with the session intact, lost will not. */
export type ClientState = 'connected' | 'suspended' | 'lost' | 'closed'

/** Options of {@link KeeperClient.connect}. */
export interface ClientOptions {
  /** Requested session timeout, ms; clamped to the keeper's limits. @default 30000 */
  readonly timeoutMs?: number
  /** `user:password` for the digest scheme. */
  readonly digest?: string
  /** Called at each change of {@link KeeperClient.state}. */
  readonly onState?: (state: ClientState) => void
}

interface Waiting {
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
  readonly path: string | undefined
}

/**
 * One session of ZooKeeper inside the process of a keeper. Every call rejects with a ZnodeError:
 * ZooKeeper's own results, ZK_CONNECTION_LOSS when the store is out of reach or the keeper stops
 * (the outcome of a write in flight is unknown), ZK_SESSION_EXPIRED once the session has ended.
 */
export class KeeperClient implements SessionSink {
  readonly #keeper: Keeper
  readonly #options: ClientOptions
  #session: Session | undefined
  #password: Uint8Array
  /** The session's id, as in `ephemeralOwner` of its znodes. */
  readonly sessionId: bigint
  /** Session timeout as granted. Unit ms. */
  readonly timeoutMs: number
  #state: ClientState = 'connected'
  #nextTag = 1
  readonly #waiting = new Map<number, Waiting>()
  readonly #watches = new ClientWatches()
  /** Newest zxid of a reply or an event. */
  #lastZxid = 0
  #cancelTouch: (() => void) | undefined
  readonly #listeners = new Set<(state: ClientState) => void>()
  /** The session was alive at this time, monotonic ms. */
  #aliveMs: number

  /**
   * Opens a session on this keeper.
   * @throws {StoreError} the keeper closed, or reloaded its tree, before the outcome was known
   */
  static async connect(keeper: Keeper, options: ClientOptions = {}): Promise<KeeperClient> {
    let client: KeeperClient | undefined
    const early: [EventType, string, number][] = []
    const sink: SessionSink = {
      reply: (...args) => client?.reply(...args),
      event: (type, path, zxid) =>
        client ? client.event(type, path, zxid) : early.push([type, path, zxid]),
      ended: (reason) => client?.ended(reason),
    }
    const askedMs = keeper.clock.monotonic()
    const { session, password } = await keeper.sessions.open(options.timeoutMs ?? 30_000, sink, [])
    client = new KeeperClient(keeper, options, session, password, askedMs)
    return client
  }

  private constructor(
    keeper: Keeper,
    options: ClientOptions,
    session: Session,
    password: Uint8Array,
    aliveMs: number,
  ) {
    this.#keeper = keeper
    this.#aliveMs = aliveMs
    this.#options = options
    this.#session = session
    this.#password = password
    this.sessionId = session.id
    this.timeoutMs = session.timeoutMs
    this.#authenticate(session)
    this.#touch()
  }

  /** The session's state as known now. */
  get state(): ClientState {
    return this.#state
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
    this.#keeper.checkStore()
    return this.#keeper.isInDoubt
  }

  /**
   * Until then the session cannot have ended without this client knowing it: monotonic ms of {@link clock}. It moves
   * forward while the store answers; −Infinity once the state is 'lost' or 'closed'.
   */
  get sessionUntilMs(): number {
    if (this.#state === 'lost' || this.#state === 'closed') return Number.NEGATIVE_INFINITY
    if (!this.isInDoubt && this.#state === 'connected') this.#seenAlive()
    return this.#aliveMs + this.timeoutMs
  }

  /**
   * Calls `listener` at each change of {@link state}, after the option onState. What it throws is thrown in a task of
   * its own. Returns its cancel.
   */
  onStateChange(listener: (state: ClientState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
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

  /** @param version expected version; −1: any. */
  async delete(path: string, version = -1): Promise<void> {
    await this.#ask({ type: 'delete', path, version }, path)
  }

  /**
   * Replaces the data. `version`: expected version; −1: any. Resolves with the new Stat.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_BAD_VERSION, ZK_NO_AUTH
   */
  async setData(path: string, data: Uint8Array | null, version = -1): Promise<Stat> {
    const result = await this.#ask({ type: 'setData', path, data: toText(data), version }, path)
    if (result.type !== 'stat') throw new TypeError(`unexpected ${result.type}`)
    return result.stat
  }

  /**
   * Replaces the ACL. `aversion`: expected ACL version; −1: any. Resolves with the new Stat.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_BAD_VERSION, ZK_NO_AUTH, ZK_INVALID_ACL
   */
  async setAcl(path: string, acl: readonly Acl[], aversion = -1): Promise<Stat> {
    const result = await this.#ask({ type: 'setACL', path, acl, version: aversion }, path)
    if (result.type !== 'stat') throw new TypeError(`unexpected ${result.type}`)
    return result.stat
  }

  /**
   * Reads the data, null where the znode has none. `watch`: called once, at its change or deletion.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_NO_AUTH
   */
  async getData(
    path: string,
    watch?: WatchCallback,
  ): Promise<{ data: Uint8Array | null; stat: Stat }> {
    const result = await this.#ask({ type: 'getData', path, watch: watch !== undefined }, path)
    if (result.type !== 'data') throw new TypeError(`unexpected ${result.type}`)
    if (watch !== undefined) this.#watches.addData(path, watch)
    return { data: toBytes(result.data), stat: result.stat }
  }

  /** undefined when there is no such znode; the watch is set either way. Needs no permission. */
  async exists(path: string, watch?: WatchCallback): Promise<Stat | undefined> {
    if (watch !== undefined) this.#watches.addData(path, watch)
    try {
      const result = await this.#ask({ type: 'exists', path, watch: watch !== undefined }, path)
      return result.type === 'stat' ? result.stat : undefined
    } catch (error) {
      if (error instanceof ZnodeError && error.errno === ZK_ERRORS.NO_NODE.errno) return undefined
      throw error
    }
  }

  /** A callback given to getData() or exists() is not called any more. */
  unwatch(path: string, watch: WatchCallback): void {
    this.#watches.removeData(path, watch)
  }

  /**
   * Reads the names of the children, in no order. `watch` is called once, at the next child created
   * or deleted, or when the znode itself is deleted. @throws {ZnodeError} ZK_NO_NODE, ZK_NO_AUTH
   */
  async getChildren(
    path: string,
    watch?: WatchCallback,
  ): Promise<{ children: readonly string[]; stat: Stat }> {
    const result = await this.#ask({ type: 'getChildren2', path, watch: watch !== undefined }, path)
    if (result.type !== 'childrenStat') throw new TypeError(`unexpected ${result.type}`)
    if (watch !== undefined) this.#watches.addChild(path, watch)
    return { children: [...result.children], stat: result.stat }
  }

  /**
   * Reads the ACL; digests are masked without ADMIN. @throws {ZnodeError} ZK_NO_NODE, ZK_NO_AUTH
   */
  async getAcl(path: string): Promise<{ acl: readonly Acl[]; stat: Stat }> {
    const result = await this.#ask({ type: 'getACL', path }, path)
    if (result.type !== 'acl') throw new TypeError(`unexpected ${result.type}`)
    return { acl: result.acl, stat: result.stat }
  }

  /**
   * All operations under one zxid, or none. Build them with createOp(), or as plain records.
   * Resolves with one result per operation, in order: `create2` (path and Stat) for one of
   * createOp(), `create` (path alone) for a record whose `op` is 1, `setData` (Stat), `delete`,
   * `check`.
   * @throws {ZnodeError} that of the first operation that fails, with its path; nothing is applied
   */
  async multi(ops: readonly ClientOp[]): Promise<readonly MultiResult[]> {
    const result = await this.#ask({ type: 'multi', ops: ops.map(toMultiOp) }, undefined)
    if (result.type !== 'multi') throw new TypeError(`unexpected ${result.type}`)
    const at = result.results.findIndex((r) => r.type === 'error' && r.errno !== 0)
    const failed = result.results[at]
    if (failed?.type === 'error') throw new ZnodeError(failed.errno, ops[at]?.path)
    return result.results
  }

  /** Reads after it see every write that was committed before this call, on any member. */
  async sync(path = '/'): Promise<void> {
    await this.#ask({ type: 'sync', path }, path)
  }

  /** Ends the session and deletes its ephemerals. Never rejects. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    const open = this.#session !== undefined
    if (open) {
      await this.#ask({ type: 'closeSession' }, undefined).catch(() => {})
    }
    this.#become('closed')
    this.#cancelTouch?.()
  }

  // SessionSink

  reply(tag: number, _q: SessionQuery, zxid: number, errno: number, result: Result): void {
    this.#lastZxid = Math.max(this.#lastZxid, zxid)
    const waiting = this.#waiting.get(tag)
    if (waiting === undefined) return
    this.#waiting.delete(tag)
    if (errno === 0) waiting.resolve(result)
    else waiting.reject(new ZnodeError(errno, waiting.path))
  }

  event(type: EventType, path: string, zxid: number): void {
    this.#lastZxid = Math.max(this.#lastZxid, zxid)
    this.#watches.fire(type, path)
  }

  ended(reason: EndReason): void {
    this.#session = undefined
    const lost = new ZnodeError(
      reason === 'expired' ? ZK_ERRORS.SESSION_EXPIRED.errno : ZK_ERRORS.CONNECTION_LOSS.errno,
    )
    for (const waiting of this.#waiting.values()) waiting.reject(lost)
    this.#waiting.clear()
    if (this.#state === 'closed') return
    if (reason === 'suspended') {
      if (!this.#keeper.isInDoubt) this.#seenAlive()
      this.#become('suspended')
      void this.#resume()
    } else if (reason === 'closed' || reason === 'stopping') this.#become('closed')
    else this.#become('lost')
  }

  async #resume(): Promise<void> {
    while (this.#state === 'suspended') {
      await new Promise<void>((resolve) => this.#keeper.clock.after(100, resolve))
      if (!this.#keeper.isServing || this.#state !== 'suspended') continue
      const askedMs = this.#keeper.clock.monotonic()
      try {
        const session = await this.#keeper.sessions.resume(
          this.sessionId,
          this.#password,
          this,
          [],
          {
            lastZxidSeen: this.#lastZxid,
          },
        )
        if (session === undefined) return this.#become('lost')
        this.#session = session
        this.#aliveMs = askedMs
        this.#authenticate(session)
        this.#become('connected')
        this.#watches.fireAll()
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
      if (this.#state !== 'closed' && this.#state !== 'lost') this.#touch()
    })
  }

  #become(state: ClientState): void {
    if (this.#state === state) return
    this.#state = state
    for (const listener of [this.#options.onState, ...this.#listeners]) {
      try {
        listener?.(state)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  #seenAlive(): void {
    this.#aliveMs = Math.max(this.#aliveMs, this.#keeper.heartbeatMs)
  }

  #ask(
    request: ReadRequest | WriteRequest | SyncRequest,
    path: string | undefined,
  ): Promise<Result> {
    const session = this.#session
    if (session === undefined) {
      const { SESSION_EXPIRED, CONNECTION_LOSS } = ZK_ERRORS
      const row = this.#state === 'suspended' ? CONNECTION_LOSS : SESSION_EXPIRED
      return Promise.reject(new ZnodeError(row.errno, path))
    }
    return new Promise((resolve, reject) => {
      const tag = this.#nextTag++
      this.#waiting.set(tag, { resolve, reject, path })
      if (isRead(request)) session.read(request, tag)
      else session.write(request, tag)
    })
  }
}
