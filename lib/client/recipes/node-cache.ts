/**
 * One znode in memory, kept up to date through outages and sessions: Curator's NodeCache. Its watches are those of reads,
 * so that every ZooKeeper has them. Neighbours: cache-life, cache-entry, config-value.
 */
import {
  badArgument,
  checkBoolean,
  checkCallback,
  checked,
  checkOptions,
  checkPath,
} from '../arguments.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { type CacheEntry, isSameEntry, readEntry } from './cache-entry.ts'
import { CacheLife } from './cache-life.ts'
import type { WaitOptions } from './wait-scope.ts'

/** Options of {@link NodeCache}. */
export interface NodeCacheOptions {
  /** Only the Stat is read. @default false */
  readonly withoutData?: boolean
  /**
   * A listener threw (CallbackError); the store refused the read for now; or {@link NodeCache.isClosed}, because no session
   * follows, or the znode may not be read (ZK_NO_AUTH). Without this option the first is a warning of the process, and an error that closes it,
   * and that no promise rejects with, is thrown in a task of its own.
   */
  readonly onError?: (error: unknown) => void
}

/**
 * Called with the znode as it is, undefined where there is none. It may not have changed visibly: several changes may come
 * as one.
 */
export type NodeCacheListener = (entry: CacheEntry | undefined) => unknown

/**
 * One znode, as of the newest change that this client's server has shown: `await using cache = new NodeCache(zk, '/a'); await
 * cache.start()`. It need not be there. While the client is not connected, the cache keeps what it read last.
 *
 * For a path and all below it, {@link TreeCache}; for a typed value, {@link ConfigValue}.
 */
export class NodeCache implements AsyncDisposable {
  /** Of the znode. */
  readonly path: string
  readonly #client: ZooKeeper
  readonly #withoutData: boolean
  readonly #life: CacheLife
  readonly #listeners = new Set<NodeCacheListener>()
  #session: bigint
  #current: CacheEntry | undefined

  /** @throws {ZnodeError} ZK_BAD_ARGUMENTS */
  constructor(client: ZooKeeper, path: string, options: NodeCacheOptions = {}) {
    const { withoutData, onError } = checked(() => {
      checkPath(path)
      const given = checkOptions(options, ['withoutData', 'onError'] as const)
      return {
        withoutData: checkBoolean(given.withoutData, 'withoutData'),
        onError: checkCallback(given.onError as NodeCacheOptions['onError'], 'onError'),
      }
    })
    this.path = path
    this.#client = client
    this.#session = client.sessionId
    this.#withoutData = withoutData
    this.#life = new CacheLife(client, path, () => this.#look(), onError)
  }

  /** The znode as read last; undefined: there is none, or it was not read yet. */
  get current(): CacheEntry | undefined {
    return this.#current
  }

  /** It does not follow the znode any more, and keeps what it has. */
  get isClosed(): boolean {
    return this.#life.isClosed
  }

  /** Aborted when {@link isClosed}. */
  get signal(): AbortSignal {
    return this.#life.signal
  }

  /**
   * Begins to follow the znode, once, and waits until it was read. A wait that is given up ends nothing else.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT; why it is closed (ZK_NO_AUTH, ZK_SESSION_EXPIRED);
   * {Error} it was closed
   */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#life.start(options)
  }

  /**
   * Calls `listener` after each change, and with the first read if that comes later: {@link current} has it then. What it
   * throws harms no other listener. Returns its cancel.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS: no function
   */
  onChange(listener: NodeCacheListener): () => void {
    if (checkCallback(listener, 'listener') === undefined) throw badArgument('listener is missing')
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** From the call on no listener is called. Never rejects. */
  async close(): Promise<void> {
    void this.#life.close()
    this.#listeners.clear()
    this.#client.unwatch(this.path, this.#life.wake)
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #look(): Promise<void> {
    const { sessionId } = this.#client
    // A new session may be on a server that lags behind what the one before has seen.
    if (sessionId !== this.#session) await this.#client.sync(this.path)
    this.#session = sessionId
    const found = await readEntry(this.#client, this.path, this.#withoutData, this.#life.wake)
    if (this.isClosed) return this.#client.unwatch(this.path, this.#life.wake)
    const isNew = !this.#life.isReady || !isSameEntry(found, this.#current)
    this.#current = found
    if (isNew) {
      for (const listener of [...this.#listeners]) {
        this.#life.report.notify(listener, found, 'a listener of a cache')
      }
    }
    if (!this.#life.isReady) this.#life.becomeReady()
  }
}
