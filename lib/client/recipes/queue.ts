/**
 * Queues whose elements are taken off before they are worked on: Curator's SimpleDistributedQueue and kazoo's Queue.
 * Neighbours: queue-entries, locking-queue.
 */
import { optionNames } from '../../base/known-options.ts'
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { whenConnected } from '../when-connected.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkLinePath } from './contend.ts'
import {
  checkPut,
  ENTRY,
  entryName,
  PRIORITY_DEFAULT,
  QueueFolder,
  type QueuePutOptions,
} from './queue-entries.ts'
import { readOptions } from './recipe-options.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

/**
 * Whose producers and consumers share the queue.
 *
 * - `curator`: SimpleDistributedQueue: `qn-0000000000`.
 * - `kazoo`: Queue: `entry-100-0000000000`, where 100 is the priority. Those of a {@link PriorityQueue} come in its order.
 */
export type QueueLayout = 'curator' | 'kazoo'

/** Options of {@link Queue}. */
export interface QueueOptions {
  /** @default 'curator' */
  readonly layout?: QueueLayout
}

const OPTIONS = optionNames<QueueOptions>({ layout: true })

/** An element that was taken. */
export interface QueueElement {
  /** Bytes; null: none. */
  readonly data: Uint8Array | null
  /** Of its znode: grows in the order of the queue. */
  readonly name: string
}

/** Is one that is taken lost with its consumer? See {@link Queue}. */
class TakenQueue {
  readonly #folder: QueueFolder
  readonly #prefix: string

  constructor(client: ZooKeeper, path: string, layout: QueueLayout) {
    checkLinePath(path)
    if (layout !== 'curator' && layout !== 'kazoo') {
      throw new TypeError(`no such layout: ${String(layout)}`)
    }
    const isCurator = layout === 'curator'
    this.#folder = new QueueFolder(client, path, isCurator ? 'container' : 'persistent')
    this.#prefix = isCurator ? 'qn-' : ENTRY
  }

  /**
   * Takes the first element off, and waits for one. Each element is taken by one consumer at most. A delete that is in flight when the
   * wait ends is waited for, so that no element is lost with the wait. One that has children, or that this client may not read, is
   * passed over.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED: nothing was taken; ZK_NO_AUTH: one may not
   * be read, and there is no other; ZK_CONNECTION_LOSS or
   * ZK_SESSION_EXPIRED with `outcome` unknown: the element at its `path` may have been taken off, and is lost then
   */
  async take(options: WaitOptions = {}): Promise<QueueElement> {
    const { client, path } = this.#folder
    const scope = new WaitScope(client, path, options)
    const cancel = this.#folder.follow(scope.wake)
    try {
      for (;;) {
        scope.throwIfEnded()
        scope.sleep()
        const taken = await this.#takeFirst(scope)
        if (taken !== undefined) return taken
        await scope.woken()
      }
    } finally {
      cancel()
      scope.close()
    }
  }

  /** Elements in the queue, as of now. @throws {ZnodeError} */
  size(): Promise<number> {
    return this.#folder.size()
  }

  protected putNamed(data: Uint8Array | null, name: string, options: WaitOptions): Promise<void> {
    return this.#folder.put(data, name, options)
  }

  /** undefined: there is none. */
  async #takeFirst(scope: WaitScope): Promise<QueueElement | undefined> {
    const names = await scope.race(this.#folder.names(scope, this.#prefix))
    for (const name of names) {
      if (this.#folder.isBlocked(name)) continue
      const data = await scope.race(this.#folder.read(name, scope))
      if (data === undefined) continue
      scope.throwIfEnded()
      if (await this.#takeOff(name, scope)) return { data, name }
    }
    this.#folder.throwIfHidden(names)
    return undefined
  }

  /** false: another consumer took it, or somebody put a znode below it. */
  async #takeOff(name: string, scope: WaitScope): Promise<boolean> {
    const { client } = this.#folder
    const path = childOf(this.#folder.path, name)
    for (;;) {
      try {
        await client.delete(path)
        return true
      } catch (error) {
        if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return false
        if (isZnodeError(error, ZK_ERRORS.NOT_EMPTY)) {
          // Read again, it is seen to have children, and is passed over.
          scope.wake()
          return false
        }
        if (!(error instanceof ZnodeError) || error.outcome !== 'unknown') {
          if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
          await scope.race(whenConnected(client))
          scope.throwIfEnded()
        } else if (!(await this.#isThere(path, scope))) throw error
      }
    }
  }

  /** It is, so the delete before was not applied, and never will be: the session was resumed behind it. */
  async #isThere(path: string, scope: WaitScope): Promise<boolean> {
    const { client } = this.#folder
    try {
      if ((await scope.race(whenConnected(client))) !== true) return false
      return (await scope.race(client.exists(path))) !== undefined
    } catch {
      // It is not known: neither is the outcome.
      return false
    }
  }
}

/**
 * First in, first out, for any number of producers and consumers. An element is taken off before it is worked on, so each is
 * worked on at most once, and is lost with a consumer that dies over it: where none may be lost, use LockingQueue. The path
 * has elements for children and nothing else; it is made when missing, as a container, or in layout kazoo persistent.
 */
export class Queue extends TakenQueue {
  readonly #name: string

  /** @throws {TypeError} the path is invalid, or the root; an option is not known, or not valid */
  constructor(client: ZooKeeper, path: string, options: QueueOptions = {}) {
    const { layout = 'curator' } = readOptions<QueueOptions>(options, OPTIONS)
    super(client, path, layout)
    this.#name = layout === 'curator' ? 'qn-' : entryName(PRIORITY_DEFAULT)
  }

  /**
   * Puts an element at the end: bytes, copied, or null for none.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_CONNECTION_LOSS, ZK_SESSION_EXPIRED: `outcome` says whether it
   * may have been put, and it is never put twice; ZK_BAD_ARGUMENTS, ZK_NO_AUTH
   */
  put(data: Uint8Array | null, options: WaitOptions = {}): Promise<void> {
    return this.putNamed(data, this.#name, options)
  }
}

/**
 * The smallest priority first, and within one first in, first out, in the layout of kazoo's Queue. Otherwise as {@link Queue}: an
 * element is worked on at most once.
 */
export class PriorityQueue extends TakenQueue {
  /** @throws {TypeError} the path is invalid, or the root */
  constructor(client: ZooKeeper, path: string) {
    super(client, path, 'kazoo')
  }

  /**
   * Puts an element behind those of its priority: an integer from 0 to 999, 100 unless given; the smallest is taken first.
   * @throws as {@link Queue.put}; {RangeError} no such priority
   */
  async put(data: Uint8Array | null, options: QueuePutOptions = {}): Promise<void> {
    const { priority, wait } = checkPut(options)
    await this.putNamed(data, entryName(priority), wait)
  }
}
