/**
 * A whole number that clients share, set as a whole or if nobody else has set it, and followed: Curator's SharedCount.
 * Neighbours: versioned-znode, atomic-counter, live-loop.
 */
import { optionNames } from '../../base/known-options.ts'
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { CallbackReporter } from './callback-reporter.ts'
import { checkLinePath } from './contend.ts'
import { codecOf } from './counter-codec.ts'
import { LiveLoop } from './live-loop.ts'
import { callbackOf, neededCallback, readOptions } from './recipe-options.ts'
import { isClosed } from './session-return.ts'
import { type VersionedCalls, VersionedZnode } from './versioned-znode.ts'
import type { WaitOptions } from './wait-scope.ts'

const codec = codecOf('curator-int')

/** Options of {@link SharedCount}. */
export interface SharedCountOptions {
  /** What a znode is created with that is not there: an int32. @default 0 */
  readonly seed?: number
  /**
   * A listener threw (CallbackError), the data are no count (ZK_MARSHALLING), or a listener is not called any more, because
   * no session follows a lost one or the znode cannot be read. Without this option the first is a warning of the process, the
   * others are thrown in a task of their own.
   */
  readonly onError?: (error: unknown) => void
}

const OPTIONS = optionNames<SharedCountOptions>({ seed: true, onError: true })

/** A count as it was read. */
export interface VersionedCount {
  /** 32 bits, signed. */
  readonly value: number
  /** Of the znode's data: grows with each set. */
  readonly version: number
}

/**
 * The data are an int32, big-endian, as Curator's SharedCount and DistributedAtomicInteger and kazoo's Counter with
 * `support_curator` have it. The znode is persistent, and made with its parents (containers) when missing.
 *
 * All calls take `timeoutMs` and `signal`, and throw the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED,
 * ZK_CONNECTION_LOSS: `outcome` says whether the count may have been set, and nothing is sent twice; ZK_NO_AUTH;
 * ZK_MARSHALLING: the data are no count.
 */
export class SharedCount implements AsyncDisposable {
  readonly #znode: VersionedZnode
  readonly #seed: number
  readonly #report: CallbackReporter
  readonly #loops = new Set<LiveLoop>()

  /** @throws {TypeError} the path is invalid, or the root; an option is not known, or not valid; {RangeError} the seed is no int32 */
  constructor(client: ZooKeeper, path: string, options: SharedCountOptions = {}) {
    checkLinePath(path)
    const { seed = 0, onError } = readOptions<SharedCountOptions>(options, OPTIONS)
    codec.encode(seed)
    this.#znode = new VersionedZnode(client, path, 'container')
    this.#seed = seed
    this.#report = new CallbackReporter(client, callbackOf(onError, 'onError'))
  }

  /** The count as this client's server has it; the seed where there is none yet. */
  async get(options: WaitOptions = {}): Promise<number> {
    return (await this.getVersioned(options)).value
  }

  /** The same with its version, for {@link trySet}. */
  getVersioned(options: WaitOptions = {}): Promise<VersionedCount> {
    return this.#znode.within(options, (calls) => this.#read(calls))
  }

  /** Sets it, whoever has set it before. @throws {RangeError} no int32 */
  async set(value: number, options: WaitOptions = {}): Promise<void> {
    const data = codec.encode(value)
    await this.#znode.within(options, async (calls) => {
      while ((await calls.write(data, -1)) === undefined && !(await calls.create(data))) {
        // It was deleted and created meanwhile.
      }
    })
  }

  /**
   * Sets it if it still has that version. Resolves with false if not: nothing is set.
   * @throws {RangeError} no int32; {TypeError} the version is below 0
   */
  async trySet(value: number, version: number, options: WaitOptions = {}): Promise<boolean> {
    const data = codec.encode(value)
    if (!(version >= 0))
      throw new TypeError(`version must be that of getVersioned(), got ${version}`)
    return this.#znode.within(
      options,
      async (calls) => (await calls.write(data, version)) !== undefined,
    )
  }

  /**
   * Calls `listener` with the count as it is, then after each change; several changes may come as one. It is called also after
   * outages, and with the session that follows a lost one. Returns its cancel.
   * @throws {TypeError} no function
   */
  onChange(listener: (count: VersionedCount) => void): () => void {
    neededCallback(listener, 'listener')
    const { client } = this.#znode
    let last: VersionedCount | undefined
    const read = async (): Promise<void> => {
      const found = await this.#znode.within({}, (calls) => this.#read(calls, loop.wake))
      if (loop.isClosed || (found.value === last?.value && found.version === last.version)) return
      last = found
      this.#report.notify(listener, found, 'the listener of a count')
    }
    const loop: LiveLoop = new LiveLoop(client, {
      step: async () => {
        try {
          await read()
        } catch (error) {
          const isNone = (error as Partial<ZnodeError>).code === 'ZK_MARSHALLING'
          if (!isNone) throw error
          this.#report.report(error)
        }
      },
      onRefused: (error) => this.#report.offer(error),
      onEnded: (error) => {
        this.#loops.delete(loop)
        if (isClosed(client)) this.#report.offer(error)
        else this.#report.report(error)
      },
    })
    this.#loops.add(loop)
    loop.start()
    return () => this.#end(loop)
  }

  /** No listener is called any more. Never rejects. */
  async close(): Promise<void> {
    for (const loop of [...this.#loops]) this.#end(loop)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #end(loop: LiveLoop): void {
    this.#loops.delete(loop)
    const { client, path } = this.#znode
    // A read in flight would set it again.
    void loop.close().then(() => client.unwatch(path, loop.wake))
  }

  async #read(calls: VersionedCalls, watch?: () => void): Promise<VersionedCount> {
    for (;;) {
      const found = await calls.read(watch)
      if (found !== undefined) {
        const value = codec.decode(found.data, this.#seed, this.#znode.path)
        return { value, version: found.version }
      }
      try {
        await calls.create(codec.encode(this.#seed))
      } catch (error) {
        // Whether it is there is seen next.
        if (!(error instanceof ZnodeError) || error.errno !== ZK_ERRORS.CONNECTION_LOSS.errno)
          throw error
        await calls.writes.reconnected()
      }
    }
  }
}
