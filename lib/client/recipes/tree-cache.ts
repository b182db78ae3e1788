/**
 * A path and what is below it in memory, kept up to date by one persistent, recursive watch: Curator's TreeCache and, with depth
 * 1, its PathChildrenCache. Neighbours: cache-life, read-queue, entry-tree.
 */
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import { childOf, depthOf } from '../../model/path.ts'
import { EVENT } from '../../model/request.ts'
import {
  badArgument,
  checkBoolean,
  checkCallback,
  checked,
  checkOptions,
  checkPath,
  checkWhole,
} from '../arguments.ts'
import type { WatchEvent } from '../watches.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { type CacheEntry, isSameEntry, readEntry } from './cache-entry.ts'
import { CacheLife } from './cache-life.ts'
import { EntryTree } from './entry-tree.ts'
import { ReadQueue } from './read-queue.ts'
import type { WaitOptions } from './wait-scope.ts'

/** Znodes that are read at the same time. */
const IN_FLIGHT_MAX = 64

/** Options of {@link TreeCache}. */
export interface TreeCacheOptions {
  /** Levels below the path: 0 the znode alone, 1 its children too. @default all */
  readonly depth?: number
  /** Only Stats are read. @default false */
  readonly withoutData?: boolean
  /**
   * A listener threw (CallbackError); a znode may not be read (ZK_NO_AUTH: it is left out, and read again at its next change);
   * the store refused a read for now; or {@link TreeCache.isClosed}, because no session follows. Without this option the first is
   * a warning of the process, and an error that closes it, and that no promise rejects with, is thrown in a task of its own.
   */
  readonly onError?: (error: unknown) => void
}

/**
 * What changed in a {@link TreeCache}. A znode that was deleted and created again is `removed`, then `added`. `initialized`
 * comes once, when everything that is there was read.
 */
export type TreeCacheEvent =
  | { readonly type: 'added'; readonly entry: CacheEntry }
  | { readonly type: 'changed'; readonly entry: CacheEntry; readonly before: CacheEntry }
  | { readonly type: 'removed'; readonly entry: CacheEntry }
  | { readonly type: 'initialized' }

/** Called after the change is in the cache. */
export type TreeCacheListener = (event: TreeCacheEvent) => unknown

/**
 * A path and all below it, over `zk://` and in the process alike. It needs ZooKeeper 3.6 or later; before 3.9 no other watch with
 * another mode may be on its path. The path need not be there. Several changes of one znode may come as one. Each znode is as it was
 * at some moment, and becomes what it is: two znodes may be of different moments, and while the client is not connected the
 * cache keeps what it read last. Behind a disconnect it looks at the whole tree, and reads what has changed.
 *
 * In a process with a Keeper, {@link Cache} is on its change feed: each transaction as one delta, and an image that
 * never changes. For one znode, {@link NodeCache}.
 */
export class TreeCache implements AsyncDisposable, Iterable<CacheEntry> {
  /** The topmost. */
  readonly path: string
  readonly #client: ZooKeeper
  readonly #depthMax: number
  readonly #withoutData: boolean
  readonly #life: CacheLife
  readonly #tree = new EntryTree()
  readonly #queue = new ReadQueue((path, isDeep) => this.#read(path, isDeep), IN_FLIGHT_MAX)
  readonly #listeners = new Set<TreeCacheListener>()
  #session: bigint
  #isWatched = false
  #isBehind = true

  /** @throws {ZnodeError} ZK_BAD_ARGUMENTS */
  constructor(client: ZooKeeper, path: string, options: TreeCacheOptions = {}) {
    const { depth, withoutData, onError } = checked(() => {
      checkPath(path)
      const given = checkOptions(options, ['depth', 'withoutData', 'onError'] as const)
      return {
        depth: given.depth === undefined ? Infinity : checkWhole(given.depth, 'depth'),
        withoutData: checkBoolean(given.withoutData, 'withoutData'),
        onError: checkCallback(given.onError as TreeCacheOptions['onError'], 'onError'),
      }
    })
    this.path = path
    this.#client = client
    this.#session = client.sessionId
    this.#depthMax = depthOf(path) + depth
    this.#withoutData = withoutData
    this.#life = new CacheLife(client, path, () => this.#catchUp(), onError)
  }

  /** Znodes in it. */
  get size(): number {
    return this.#tree.size
  }

  /** Everything that was there at the start was read. */
  get isInitialized(): boolean {
    return this.#life.isReady
  }

  /** It does not follow the tree any more, and keeps what it has. */
  get isClosed(): boolean {
    return this.#life.isClosed
  }

  /** Aborted when {@link isClosed}. */
  get signal(): AbortSignal {
    return this.#life.signal
  }

  /** undefined: there is no such znode, it may not be read, or is not in the cache. */
  get(path: string): CacheEntry | undefined {
    return this.#tree.get(path)
  }

  /** Names of the children in the cache, in no particular order; none where the znode is not there. */
  children(path: string): readonly string[] {
    return this.#tree.names(path)
  }

  /** Every znode in it, in no particular order. */
  [Symbol.iterator](): Iterator<CacheEntry> {
    return this.#tree.values()[Symbol.iterator]()
  }

  /**
   * Begins to follow the tree, once, and waits until all of it was read. A wait that is given up ends nothing else.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT; why it is closed (ZK_SESSION_EXPIRED, ZK_UNIMPLEMENTED: the
   * server has no such watch); {Error} it was closed
   */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#life.start(options)
  }

  /**
   * Calls `listener` at each change from here on: before start() it gets everything as `added`. What it throws harms no other
   * listener. Returns its cancel.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS: no function
   */
  onChange(listener: TreeCacheListener): () => void {
    if (checkCallback(listener, 'listener') === undefined) throw badArgument('listener is missing')
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** From the call on no listener is called. Never rejects. */
  async close(): Promise<void> {
    this.#listeners.clear()
    this.#queue.clear()
    // A step of it may wait for the store.
    void this.#life.close().then(() => this.#unwatch())
    this.#unwatch()
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #unwatch(): void {
    void this.#client.removeWatch(this.path, this.#onEvent)
  }

  readonly #onEvent = ({ type, path }: WatchEvent): void => {
    if (this.isClosed) return
    if (type === EVENT.None) this.#isBehind = true
    else if (depthOf(path) <= this.#depthMax) this.#queue.add(path, false)
    this.#life.wake()
  }

  /** One step of its life: safe to repeat. */
  async #catchUp(): Promise<void> {
    const { sessionId } = this.#client
    if (!this.#isWatched) await this.#client.addWatch(this.path, this.#onEvent)
    this.#isWatched = true
    if (sessionId !== this.#session) {
      // A new session may be on a server that lags behind what the one before has seen.
      await this.#client.sync(this.path)
      this.#session = sessionId
      this.#isBehind = true
    }
    if (this.#isBehind) {
      this.#isBehind = false
      this.#queue.add(this.path, true)
    }
    await this.#queue.drain(() => this.#initialize())
  }

  #initialize(): void {
    if (this.#life.isReady || this.isClosed || !this.#queue.isWalked) return
    this.#life.becomeReady()
    this.#emit({ type: 'initialized' })
  }

  /** A read with its children looks for changes: what has not changed is not transferred. */
  async #read(path: string, isDeep: boolean): Promise<void> {
    const isParent = isDeep && depthOf(path) < this.#depthMax
    const names = isParent ? await this.#namesOf(path) : undefined
    const known = this.#tree.get(path)
    const found =
      known !== undefined && names?.stat !== undefined && isUnchanged(known, names.stat)
        ? { ...known, stat: names.stat }
        : await this.#find(path)
    if (this.isClosed) return
    this.#apply(path, found)
    if (names === undefined || found === undefined) return
    for (const name of names.children) this.#queue.add(childOf(path, name), true)
    for (const gone of this.#tree.childrenBeyond(path, new Set(names.children))) {
      this.#queue.add(gone, false)
    }
  }

  /** undefined: it is gone, or may not be read. */
  async #find(path: string): Promise<CacheEntry | undefined> {
    try {
      return await readEntry(this.#client, path, this.#withoutData)
    } catch (error) {
      if (!isZnodeError(error, ZK_ERRORS.NO_AUTH)) throw error
      if (!this.isClosed) this.#life.report.offer(error)
      return undefined
    }
  }

  /** undefined: there are none to be read. */
  async #namesOf(path: string) {
    try {
      return await this.#client.getChildren(path)
    } catch (error) {
      const isNone = isZnodeError(error, ZK_ERRORS.NO_NODE)
      if (!isNone && !isZnodeError(error, ZK_ERRORS.NO_AUTH)) throw error
      return undefined
    }
  }

  /** The reads of one session are answered in the order of their states, so the newest answer is the newest state. */
  #apply(path: string, found: CacheEntry | undefined): void {
    const before = this.#tree.get(path)
    if (found !== undefined) this.#tree.set(found)
    else if (before !== undefined) this.#tree.delete(path)
    // Of the children of one that is gone each has an event of its own, but for what may not be read.
    if (found === undefined) {
      for (const child of this.#tree.childrenBeyond(path, NO_NAMES)) this.#queue.add(child, false)
    }
    if (isSameEntry(before, found)) return
    if (before !== undefined && found !== undefined && before.stat.czxid === found.stat.czxid) {
      return this.#emit({ type: 'changed', entry: found, before })
    }
    if (before !== undefined) this.#emit({ type: 'removed', entry: before })
    if (found !== undefined) this.#emit({ type: 'added', entry: found })
  }

  #emit(event: TreeCacheEvent): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue
      this.#life.report.notify(listener, event, 'a listener of a cache')
    }
  }
}

const NO_NAMES: ReadonlySet<string> = new Set()

function isUnchanged({ stat }: CacheEntry, { czxid, mzxid }: CacheEntry['stat']): boolean {
  return stat.czxid === czxid && stat.mzxid === mzxid
}
