/**
 * ZooKeeper's client API: for controllers, over a member in their process or over the wire, the same. Promises, ZnodeError
 * on failure, watches as callbacks or iterables. Neighbours: connect (opens it), client-session, operations.
 */
import type { Clock } from '../base/clock.ts'
import type { ChangeRecord, ChangesOptions } from '../model/change.ts'
import { ZnodeError } from '../model/errors.ts'
import type { Acl, AuthId, CreateRequest, MultiResult, Stat } from '../model/request.ts'
import { checkAcl, checkData, checked, checkPath, checkVersion } from './arguments.ts'
import { type CallOptions, checkCallOptions } from './call-options.ts'
import type { Caller } from './caller.ts'
import { type ClientState, checkAuth, type StateListener } from './client-options.ts'
import type { ClientSession } from './client-session.ts'
import {
  type ClientOp,
  type CreateOptions,
  createOp,
  protectedRequest,
  type ReadOp,
  type ReadResult,
  readResults,
  resultOf,
  toBytes,
  toCreate,
  toMultiOps,
  toReadOps,
} from './operations.ts'
import { createProtected } from './protected-create.ts'
import { Transaction } from './transaction.ts'
import { type Codec, TypedZooKeeper } from './typed-values.ts'
import { type WatchStreamOptions, watchEvents } from './watch-stream.ts'
import type { WatchCallback, WatchEvent, WatchMode } from './watches.ts'

/**
 * One session of ZooKeeper. Every call rejects with a ZnodeError, whose stack has the caller's line: ZooKeeper's own
 * results; ZK_BAD_ARGUMENTS or ZK_INVALID_ACL for an argument that is refused before anything is sent;
 * ZK_CONNECTION_LOSS when no server can be reached (`outcome` says whether a write may have been applied);
 * ZK_SESSION_EXPIRED once the session has ended.
 *
 * An open client keeps the process alive until close() or {@link unref}.
 */
export class ZooKeeper {
  readonly #session: ClientSession
  /** @internal Its bounds, for recipes. */
  readonly caller: Caller

  /** @internal {@link connect} makes it. */
  constructor(caller: Caller) {
    this.#session = caller.session
    this.caller = caller
  }

  /** The session's id, as in `ephemeralOwner` of its znodes; another one after its end with the option `renew`. */
  get sessionId(): bigint {
    return this.#session.sessionId
  }

  /** Session timeout as granted. Unit ms. */
  get timeoutMs(): number {
    return this.#session.timeoutMs
  }

  /** Newest zxid of what this client was answered: what it has read is at least so new. 0: nothing yet. */
  get lastZxid(): number {
    return this.#session.lastZxid
  }

  /** The session's state as known now. */
  get state(): ClientState {
    return this.#session.state
  }

  /** No session comes any more: it is closed, or lost without the option `renew`. */
  get isEnded(): boolean {
    return this.#session.isEnded
  }

  /** Aborted when {@link isEnded}. */
  get signal(): AbortSignal {
    return this.#session.signal
  }

  /** Aborted when close() is called: nothing that the session holds is held any more. */
  get closing(): AbortSignal {
    return this.#session.closing
  }

  /** The server has no quorum and serves reads alone: see the option canBeReadOnly. */
  get isReadOnly(): boolean {
    return this.#session.isReadOnly
  }

  /** What {@link sessionUntilMs} is measured with. */
  get clock(): Clock {
    return this.#session.clock
  }

  /**
   * This process was paused, or the machine suspended, and the server has not been seen since: the session may have
   * ended meanwhile. Looks at the clocks, so it is true before any timer or event of that pause has run.
   */
  get isInDoubt(): boolean {
    return this.#session.isInDoubt
  }

  /**
   * Until then the session cannot have ended without this client knowing it: monotonic ms of {@link clock}. It moves
   * forward while the server answers; −Infinity while the state is 'lost' or 'closed', and from close() on.
   */
  get sessionUntilMs(): number {
    return this.#session.untilMs
  }

  /**
   * Calls `listener` at each change of {@link state}, after the option onState. What it throws is reported to the option
   * onError. Returns its cancel.
   */
  onStateChange(listener: StateListener): () => void {
    return this.#session.onStateChange(listener)
  }

  /**
   * The same session, for calls with a time limit, a signal or an ACL of their own. Recipes take it, too.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_INVALID_ACL
   */
  with(options: CallOptions): ZooKeeper {
    return new ZooKeeper(this.caller.with(checkCallOptions(options)))
  }

  /** The same session, for values instead of bytes: `zk.typed(jsonCodec<Config>())`. */
  typed<T>(codec: Codec<T>): TypedZooKeeper<T> {
    return new TypedZooKeeper(this, codec)
  }

  /** Operations that are all applied under one zxid, or none of them; see {@link Transaction.commit}. */
  transaction(): Transaction<[]> {
    return new Transaction(this)
  }

  /**
   * Proves one more identity, on this and every later connection.
   * @throws {ZnodeError} ZK_AUTH_FAILED: ZooKeeper ends the connection then; ZK_BAD_ARGUMENTS, ZK_CONNECTION_LOSS
   */
  async addAuth(scheme: string, auth: string | Uint8Array): Promise<void> {
    await this.caller.authenticate(checked(() => checkAuth({ scheme, auth })))
  }

  /**
   * Creates a znode. `data`: bytes, null for none. Resolves with the path, sequence number and prefix
   * included; with `protected` the Stat may be a later one.
   * @throws {ZnodeError} ZK_NODE_EXISTS, ZK_NO_NODE (the parent), ZK_NO_CHILDREN_FOR_EPHEMERALS,
   * ZK_NO_AUTH, ZK_INVALID_ACL, ZK_BAD_ARGUMENTS (path, mode or TTL). With `protected` an `outcome` that is unknown means: it may be
   * there until the client is connected again, and stays only where it cannot be seen or deleted then (persistent-sequential, and
   * READ of the parent not permitted; DELETE of the parent not permitted; no session follows). ZK_SESSION_EXPIRED with
   * `outcome` unapplied: an ephemeral is gone with its session
   */
  async create(
    path: string,
    data: Uint8Array | null = null,
    options: CreateOptions = {},
  ): Promise<{ path: string; stat: Stat }> {
    const { request, isProtected } = toCreate(path, data, options, this.caller.acl)
    return isProtected ? this.#createProtected(request, path) : this.#create(request, path)
  }

  async #create(request: CreateRequest, path: string): Promise<{ path: string; stat: Stat }> {
    const { path: created, stat } = resultOf(await this.caller.ask(request, path), 'pathStat')
    return { path: created, stat }
  }

  #createProtected(request: CreateRequest, path: string): Promise<{ path: string; stat: Stat }> {
    const named = protectedRequest(request, this.#session.options.random)
    return this.caller.whole(path, (caller, until) => {
      const client = new ZooKeeper(caller)
      const send = () => client.#create(named.request, path)
      return createProtected({ place: { client, ...named.place }, send, until })
    })
  }

  /** As {@link createOp}, with the default ACL of this client. */
  createOp(path: string, data: Uint8Array | null, options: CreateOptions = {}): CreateRequest {
    return createOp(path, data, options, this.caller.acl)
  }

  /**
   * Deletes a znode without children. `version`: expected version; −1: any.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_BAD_VERSION, ZK_NOT_EMPTY, ZK_NO_AUTH, ZK_BAD_ARGUMENTS
   */
  async delete(path: string, version = -1): Promise<void> {
    const known = { path: checkPath(path), version: checkVersion(version) }
    await this.caller.ask({ type: 'delete', ...known }, path)
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
    const result = await this.caller.ask({ type: 'setData', ...known }, path)
    return resultOf(result, 'stat').stat
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
    const result = await this.caller.ask({ type: 'setACL', ...known }, path)
    return resultOf(result, 'stat').stat
  }

  /**
   * Reads the data, null where the znode has none. `watch`: called once, at its change or deletion.
   * @throws {ZnodeError} ZK_NO_NODE, ZK_NO_AUTH, ZK_BAD_ARGUMENTS
   */
  async getData(
    path: string,
    watch?: WatchCallback,
  ): Promise<{ data: Uint8Array | null; stat: Stat }> {
    const { data, stat } = resultOf(await this.caller.read('getData', path, watch), 'data')
    return { data: toBytes(data), stat }
  }

  /**
   * undefined when there is no such znode; the watch is set either way.
   * @throws {ZnodeError} ZK_NO_AUTH: it is there, READ is not permitted, and no watch is set (before ZooKeeper 3.9.5: none);
   * ZK_BAD_ARGUMENTS
   */
  async exists(path: string, watch?: WatchCallback): Promise<Stat | undefined> {
    try {
      return resultOf(await this.caller.read('exists', path, watch), 'stat').stat
    } catch (error) {
      if (error instanceof ZnodeError && error.code === 'ZK_NO_NODE') return undefined
      throw error
    }
  }

  /** A callback given to a read is not called any more. */
  unwatch(path: string, watch: WatchCallback): void {
    this.caller.unwatch(path, watch)
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
    const result = await this.caller.read('getChildren2', path, watch)
    const { children, stat } = resultOf(result, 'childrenStat')
    return { children: [...children], stat }
  }

  /**
   * Reads the ACL; digests are masked without ADMIN. @throws {ZnodeError} ZK_NO_NODE, ZK_NO_AUTH
   */
  async getAcl(path: string): Promise<{ acl: readonly Acl[]; stat: Stat }> {
    const result = await this.caller.ask({ type: 'getACL', path: checkPath(path) }, path)
    const { acl, stat } = resultOf(result, 'acl')
    return { acl, stat }
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
    const { results } = resultOf(
      await this.caller.ask({ type: 'multi', ops: known }, undefined),
      'multi',
    )
    const at = results.findIndex((r) => r.type === 'error' && r.errno !== 0)
    const failed = results[at]
    if (failed?.type === 'error') throw new ZnodeError(failed.errno, known[at]?.path)
    return results
  }

  /**
   * Several reads, of one state: each result is what that read resolves with, or its ZnodeError. ZooKeeper has it from
   * 3.6 on.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS
   */
  async multiRead(ops: readonly ReadOp[]): Promise<readonly ReadResult[]> {
    const known = toReadOps(ops)
    const result = await this.caller.ask({ type: 'multiRead', ops: known }, undefined)
    return readResults(known, resultOf(result, 'multi').results)
  }

  /** Full paths of this session's ephemerals at or below `prefix`, in no order. ZooKeeper has it from 3.6 on. */
  async getEphemerals(prefix = '/'): Promise<readonly string[]> {
    const request = { type: 'getEphemerals', prefixPath: checkPath(prefix) } as const
    const { paths } = resultOf(await this.caller.ask(request, prefix), 'paths')
    // ZooKeeper takes it for a prefix of the text: /a for one of /ab, too.
    const below = prefix === '/' ? prefix : `${prefix}/`
    return paths.filter((path) => path === prefix || path.startsWith(below))
  }

  /** How many znodes are below a path. ZooKeeper has it from 3.6 on. @throws {ZnodeError} ZK_NO_NODE */
  async getAllChildrenNumber(path: string): Promise<number> {
    const request = { type: 'getAllChildrenNumber', path: checkPath(path) } as const
    return resultOf(await this.caller.ask(request, path), 'count').count
  }

  /** The identities of this connection. ZooKeeper has it from 3.7 on. */
  async whoAmI(): Promise<readonly AuthId[]> {
    return resultOf(await this.caller.ask({ type: 'whoAmI' }, undefined), 'whoAmI').ids
  }

  /**
   * Calls `watch` for every event until {@link removeWatch}: `persistent` as a data and a child watch of the path,
   * `persistent-recursive` (default) as data watches of the path and of all below it. Resolves when it is set. After a
   * disconnect it is called with an event of type −1, since events may be missing. The path need not be there.
   * ZooKeeper has it from 3.6 on, before 3.9 with one mode a path.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_CONNECTION_LOSS, ZK_SESSION_EXPIRED: it is not set
   */
  async addWatch(path: string, watch: WatchCallback, mode?: WatchMode): Promise<void> {
    await this.caller.addWatch(path, watch, mode)
  }

  /** Takes {@link addWatch} back: from the call on `watch` is not called. Never rejects but for its arguments. */
  async removeWatch(path: string, watch: WatchCallback, mode?: WatchMode): Promise<void> {
    await this.caller.removeWatch(path, watch, mode)
  }

  /**
   * The events of a path as an iterable, until its loop is left or the signal is aborted:
   * `for await (const event of zk.watch('/a', { signal }))`. The first event has type −1: the watch is set, and what is
   * read from here on misses nothing. An event of type −1 later says that events may be missing: read again.
   * It ends when the client is closed.
   * @throws {ZnodeError} as {@link addWatch}, and ZK_SESSION_EXPIRED without the option `renew` when the state is 'lost'; the signal's reason
   */
  watch(
    path: string,
    options: WatchStreamOptions = {},
  ): AsyncGenerator<WatchEvent, void, undefined> {
    return watchEvents(this, path, options, this.#session.options.renew)
  }

  /**
   * The change feed: every committed transaction below this client's root once, in order, behind a snapshot or the
   * position `from`. Over `zk://` it has a connection of its own, with this client's identities, one of which must be the super
   * user, and resumes by itself on the servers of the list. Ends with `signal` or when the iteration is left.
   * @throws {ChangesError} CHANGES_GONE, CHANGES_SLOW; GONE without a position: a snapshot whose connection ended
   * @throws {ZnodeError} ZK_SESSION_EXPIRED: this client has ended; ZK_BAD_ARGUMENTS; over `zk://` also ZK_NO_AUTH without the
   * super user, and ZK_UNIMPLEMENTED of servers without a change feed, as Apache ZooKeeper's
   */
  changes(options: ChangesOptions = {}): AsyncIterableIterator<ChangeRecord> {
    return this.#session.changes(options)
  }

  /** Reads after it see every write that was committed before this call, on any member. @throws {ZnodeError} */
  async sync(path = '/'): Promise<void> {
    await this.caller.ask({ type: 'sync', path: checkPath(path) }, path)
  }

  /**
   * Ends the session and deletes its ephemerals. From the call on no watch callback is called, and none at all once it
   * has resolved. While the store is out of reach the session cannot be ended: it expires. Never rejects.
   */
  close(): Promise<void> {
    return this.#session.close()
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Lets the process end while this client is open; a member of the caller's has an unref() of its own. */
  unref(): this {
    this.#session.unref()
    return this
  }

  /** Takes unref() back. */
  ref(): this {
    this.#session.ref()
    return this
  }
}
