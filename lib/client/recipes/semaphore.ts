/**
 * A number of leases shared by all clients of an ensemble, in the znode layout of Curator's InterProcessSemaphoreV2 or of
 * kazoo's Semaphore: a lock, and below it whoever has it takes leases while there are some. Neighbours: contend, place,
 * stored-max-leases.
 */
import { systemRandom } from '../../base/clock.ts'
import { optionNames } from '../../base/known-options.ts'
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkLinePath, contendWithin, type Line, parentModeOf } from './contend.ts'
import { type ContenderLayout, checkLayout, newPrefix } from './contender-name.ts'
import type { Held, Holding } from './holding.ts'
import { isAbout, type OwnZnodes } from './own-znode.ts'
import { takePlace } from './place.ts'
import { dataOf, readOptions } from './recipe-options.ts'
import { agreeOnMaxLeases } from './stored-max-leases.ts'
import { childrenOf } from './until-gone.ts'
import { WAIT_OPTIONS, type WaitOptions, WaitScope } from './wait-scope.ts'

/** How soon `maxLeases` is called again by a wait, if it is a function. Unit ms. */
const LOOK_AGAIN_MS = 1_000

/** Options of {@link Semaphore}. */
export interface SemaphoreOptions {
  /**
   * Leases that there are, the same for all clients: an integer, 1 or more. Or a function that returns it, 0 or more,
   * as of a shared count: called before a lease is taken, and once a second by the first that waits; what it throws or
   * rejects with ends the wait. Leases that are held are never taken away.
   */
  readonly maxLeases: number | (() => number | Promise<number>)
  /** In layout kazoo `maxLeases` is a number, and what the znode at the path says. @default 'curator' */
  readonly layout?: ContenderLayout
  /** What others read of a lease: Curator's node data, kazoo's identifier. @default null */
  readonly data?: Uint8Array | null
}

const OPTIONS = optionNames<SemaphoreOptions>({ maxLeases: true, layout: true, data: true })

/** How leases are acquired. */
export interface LeaseOptions extends WaitOptions {
  /** Leases, all or none: an integer, 1 or more. @default 1 */
  readonly count?: number
}

/**
 * `await using lease = await semaphore.acquire({ timeoutMs, signal })`. Fair: leases are taken in the order of coming.
 * Clients that acquire several never wait for each other with a part of them in hand; Curator's do, one by one, so beside
 * them give a timeout. The path and what is below it are made when missing, as containers, or in layout kazoo persistent;
 * there the lock is beside it, at the path with `-__lock__`.
 */
export class Semaphore {
  readonly #client: ZooKeeper
  readonly #path: string
  readonly #options: Required<SemaphoreOptions>
  readonly #line: Line
  /** Parent of the leases. */
  readonly #leases: string

  /**
   * @throws {TypeError} the path is invalid, or the root; `maxLeases` is a function in layout kazoo; an option is not known, or
   * not valid
   * @throws {RangeError} `maxLeases` is no integer, or below 1
   */
  constructor(client: ZooKeeper, path: string, options: SemaphoreOptions) {
    checkLinePath(path)
    const given = readOptions<SemaphoreOptions>(options, OPTIONS)
    const { maxLeases, layout = 'curator' } = given
    const data = dataOf(given.data)
    const isKazoo = checkLayout(layout) === 'kazoo'
    if (typeof maxLeases === 'number') checkCount('maxLeases', maxLeases, 1)
    else if (isKazoo) throw new TypeError('maxLeases must be a number in layout kazoo')
    else if (typeof maxLeases !== 'function') {
      throw new TypeError('maxLeases must be a number or a function')
    }
    this.#client = client
    this.#path = path
    this.#options = { maxLeases, layout, data }
    const lock = isKazoo ? `${path}-__lock__` : childOf(path, 'locks')
    this.#line = { client, path: lock, layout, kind: 'lock', data }
    this.#leases = isKazoo ? path : childOf(path, 'leases')
  }

  /**
   * Waits in line for leases. What it resolves with is all of them: lost as soon as one of their znodes is, released
   * together. A wait that is given up leaves no znode behind.
   * @throws the signal's reason; what `maxLeases` throws
   * @throws {ZnodeError} as Mutex.acquire()
   * @throws {RangeError} `count` is no integer, below 1 or above a fixed `maxLeases`; what `maxLeases` returns is no
   * integer or below 0; in layout kazoo, the znode at the path says another number
   * @throws {TypeError} `timeoutMs` is not above 0
   */
  async acquire(options: LeaseOptions = {}): Promise<Held> {
    const { count = 1, ...wait } = readOptions<LeaseOptions>(options, [...WAIT_OPTIONS, 'count'])
    const { maxLeases } = this.#options
    checkCount('count', count, 1)
    if (typeof maxLeases === 'number' && count > maxLeases) {
      throw new RangeError(`count must not be above maxLeases, ${maxLeases}, got ${count}`)
    }
    const scope = new WaitScope(this.#client, this.#path, wait)
    const holding = await scope.run(() => this.#take(count, scope))
    return holding.enter()
  }

  async #take(count: number, scope: WaitScope): Promise<Holding> {
    const { layout, maxLeases } = this.#options
    if (layout === 'kazoo') {
      await agreeOnMaxLeases(this.#client, this.#path, Number(maxLeases), scope)
    }
    for (;;) {
      const holding = await contendWithin(this.#line, scope)
      const lock = holding.enter()
      try {
        await this.#untilRoom(count, lock, scope)
        // Nobody else takes leases while the lock's znode is there.
        const own = this.#own(count, holding.path)
        if (!lock.signal.aborted) return await takePlace(own, scope, { onIn: () => scope.close() })
      } catch (error) {
        // The lock was lost: it begins again, at the end of the line.
        if (!isZnodeError(error, ZK_ERRORS.NO_NODE) || !isAbout(error, holding.path)) throw error
      } finally {
        lock.release().catch(() => {})
      }
    }
  }

  /** Or until the lock is lost. */
  async #untilRoom(count: number, lock: Held, scope: WaitScope): Promise<void> {
    const { maxLeases } = this.#options
    lock.signal.addEventListener('abort', scope.wake, { once: true })
    try {
      for (;;) {
        scope.throwIfEnded()
        scope.sleep()
        if (lock.signal.aborted) return
        const max = await this.#maxLeases(scope)
        const leases = await childrenOf(this.#client, this.#leases, scope, scope.wake)
        if (leases.length + count <= max) return
        const isFixed = typeof maxLeases === 'number'
        const cancel = isFixed ? undefined : this.#client.clock.after(LOOK_AGAIN_MS, scope.wake)
        try {
          await scope.woken()
        } finally {
          cancel?.()
        }
      }
    } finally {
      this.#client.unwatch(this.#leases, scope.wake)
    }
  }

  async #maxLeases(scope: WaitScope): Promise<number> {
    const { maxLeases } = this.#options
    if (typeof maxLeases === 'number') return maxLeases
    const max = await scope.race((async () => maxLeases())())
    return checkCount('maxLeases', max, 0)
  }

  #own(count: number, guard: string): OwnZnodes {
    const { layout, data } = this.#options
    const prefix = newPrefix(layout, systemRandom)
    const isKazoo = layout === 'kazoo'
    return {
      client: this.#client,
      parent: this.#leases,
      prefix,
      names: Array.from({ length: count }, (_, i) => {
        if (!isKazoo) return `${prefix}lease-`
        return i === 0 ? prefix : `${prefix}-${i}`
      }),
      mode: isKazoo ? 'ephemeral' : 'ephemeral-sequential',
      data,
      parentMode: parentModeOf(layout),
      guard,
    }
  }
}

function checkCount(name: string, count: number, min: number): number {
  if (Number.isInteger(count) && count >= min) return count
  throw new RangeError(`${name} must be an integer, ${min} or more, got ${String(count)}`)
}
