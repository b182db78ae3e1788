/**
 * A number that any number of clients add to: Curator's DistributedAtomicLong, kazoo's Counter. Neighbours:
 * versioned-znode, shared-count.
 */
import { systemRandom } from '../../base/clock.ts'
import { optionNames, shown } from '../../base/known-options.ts'
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkLinePath } from './contend.ts'
import { type CounterCodec, type CounterLayout, codecOf } from './counter-codec.ts'
import { readOptions } from './recipe-options.ts'
import { type VersionedCalls, VersionedZnode } from './versioned-znode.ts'
import type { WaitOptions } from './wait-scope.ts'

const ATTEMPTS_MAX_DEFAULT = 30

/** Between two attempts, at random up to this. Unit ms. */
const BACKOFF_MS_MAX = 100

/** Options of {@link AtomicCounter}. */
export interface CounterOptions {
  /** @default 'curator' */
  readonly layout?: CounterLayout
  /** The value where there is no znode yet, or one without data. @default 0 */
  readonly initial?: number
  /** How often add() may find that another client was faster. @default 30 */
  readonly attemptsMax?: number
}

const OPTIONS = optionNames<CounterOptions>({ layout: true, initial: true, attemptsMax: true })

/** What add() has done. */
export interface CounterChange {
  /** The value that it replaced. */
  readonly before: number
  /** The value from then on. */
  readonly after: number
}

/**
 * The znode is persistent, and made with its parents when missing.
 *
 * All calls take `timeoutMs` and `signal`, and throw the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED,
 * ZK_CONNECTION_LOSS: `outcome` says whether the counter may have been changed, and nothing is sent twice; ZK_NO_AUTH;
 * ZK_MARSHALLING: the data are not those of the layout; {RangeError} a value that the layout does not have. Read it before an
 * add() with `outcome` unknown is repeated.
 */
export class AtomicCounter {
  readonly #znode: VersionedZnode
  readonly #codec: CounterCodec
  readonly #initial: number
  readonly #attemptsMax: number

  /**
   * @throws {TypeError} the path is invalid, or the root; an option is not known, or not valid;
   * {RangeError} initial is no value of the layout
   */
  constructor(client: ZooKeeper, path: string, options: CounterOptions = {}) {
    checkLinePath(path)
    const given = readOptions<CounterOptions>(options, OPTIONS)
    const { layout = 'curator', initial = 0, attemptsMax = ATTEMPTS_MAX_DEFAULT } = given
    if (!Number.isInteger(attemptsMax) || attemptsMax < 1) {
      throw new TypeError(`attemptsMax must be an integer above 0, got ${shown(attemptsMax)}`)
    }
    this.#codec = codecOf(layout)
    this.#codec.encode(initial)
    const parentMode = layout.startsWith('kazoo') ? 'persistent' : 'container'
    this.#znode = new VersionedZnode(client, path, parentMode)
    this.#initial = initial
    this.#attemptsMax = attemptsMax
  }

  /** The value as this client's server has it. */
  get(options: WaitOptions = {}): Promise<number> {
    return this.#znode.within(options, async (calls) => (await this.#read(calls)).value)
  }

  /**
   * Adds to it; `delta` may be below 0. Resolves with the value before and after.
   * @throws {ZnodeError} ZK_BAD_VERSION: others were faster `attemptsMax` times, and nothing was added
   */
  add(delta: number, options: WaitOptions = {}): Promise<CounterChange> {
    return this.#znode.within(options, async (calls) => {
      this.#codec.encode(delta)
      for (let attempt = 1; ; attempt++) {
        const { value: before, version } = await this.#read(calls)
        const after = before + delta
        if (await this.#write(calls, after, version)) return { before, after }
        if (attempt >= this.#attemptsMax) {
          throw new ZnodeError(ZK_ERRORS.BAD_VERSION.errno, this.#znode.path)
        }
        const spanMs = Math.min(2 ** attempt, BACKOFF_MS_MAX)
        await calls.writes.pause(spanMs * systemRandom.fraction())
      }
    })
  }

  /** Sets it, whatever it is. */
  set(value: number, options: WaitOptions = {}): Promise<void> {
    return this.#znode.within(options, async (calls) => {
      const data = this.#codec.encode(value)
      while ((await calls.write(data, -1)) === undefined && !(await calls.create(data))) {
        // It was deleted and created meanwhile.
      }
    })
  }

  /**
   * Sets it if it is `expected`. Resolves with false if it is not, or another client was faster: nothing is set.
   */
  compareAndSet(expected: number, value: number, options: WaitOptions = {}): Promise<boolean> {
    return this.#znode.within(options, async (calls) => {
      this.#codec.encode(value)
      const { value: found, version } = await this.#read(calls)
      return found === expected && this.#write(calls, value, version)
    })
  }

  /** `version` undefined: there is no znode. */
  async #read(
    calls: VersionedCalls,
  ): Promise<{ readonly value: number; readonly version: number | undefined }> {
    const found = await calls.read()
    if (found === undefined) return { value: this.#initial, version: undefined }
    const value = this.#codec.decode(found.data, this.#initial, this.#znode.path)
    return { value, version: found.version }
  }

  /** false: another client was faster. */
  async #write(
    calls: VersionedCalls,
    value: number,
    version: number | undefined,
  ): Promise<boolean> {
    const data = this.#codec.encode(value)
    if (version === undefined) return calls.create(data)
    return (await calls.write(data, version)) !== undefined
  }
}
