/**
 * A typed value in a znode, followed: with a default where there is none, and the last good one where the data are none.
 * Neighbours: node-cache, typed-values.
 */
import { onAbort } from '../../base/on-abort.ts'
import type { Stat } from '../../model/request.ts'
import {
  badArgument,
  checkCallback,
  checked,
  checkOptions,
  checkPath,
  checkSignal,
} from '../arguments.ts'
import { type Codec, CodecError } from '../typed-values.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import type { CacheEntry } from './cache-entry.ts'
import { CallbackReporter } from './callback-reporter.ts'
import { NodeCache } from './node-cache.ts'
import type { WaitOptions } from './wait-scope.ts'

/** Options of {@link ConfigValue}. */
export interface ConfigValueOptions<T> {
  /** Reads the znode's data: {@link jsonCodec} with a check of your own, for one. */
  readonly codec: Pick<Codec<T>, 'decode'>
  /** The value while there is no znode, and until the first good data. */
  readonly defaultValue: T
  /** Called with the value once it was read for the first time, then each time that it is another one. */
  readonly onChange?: (value: T) => unknown
  /**
   * The data cannot be decoded (CodecError, once each: the last good value stays); onChange threw (CallbackError); or
   * {@link ConfigValue.isClosed}, as in {@link NodeCacheOptions.onError}. Without this option the first two are warnings of the process.
   */
  readonly onError?: (error: unknown) => void
}

/**
 * A configuration with live reload: `const config = new ConfigValue(zk, '/app/config', { codec: jsonCodec(check), defaultValue })`,
 * `await config.start()`, then `config.value` at any time. It lives through outages and, if the client renews its session, through
 * their ends; the value stays meanwhile. To write it: `zk.typed(codec)`.
 */
export class ConfigValue<T> implements AsyncDisposable, AsyncIterable<T> {
  /** Of the znode. */
  readonly path: string
  readonly #codec: Pick<Codec<T>, 'decode'>
  readonly #default: T
  readonly #cache: NodeCache
  readonly #report: CallbackReporter
  readonly #looks = new Set<() => void>()
  readonly #onChange: ((value: T) => unknown) | undefined
  #value: T
  #stat: Stat | undefined
  #error: CodecError | undefined
  /** Grows with each value. */
  #turn = 0

  /** @throws {ZnodeError} ZK_BAD_ARGUMENTS */
  constructor(client: ZooKeeper, path: string, options: ConfigValueOptions<T>) {
    const known = checked(() => {
      checkPath(path)
      const names = ['codec', 'defaultValue', 'onChange', 'onError'] as const
      const given = checkOptions(options, names) as Partial<ConfigValueOptions<T>>
      if (typeof given.codec?.decode !== 'function') {
        throw badArgument('codec must have the function decode')
      }
      return {
        codec: given.codec,
        defaultValue: given.defaultValue as T,
        onChange: checkCallback(given.onChange, 'onChange'),
        onError: checkCallback(given.onError, 'onError'),
      }
    })
    this.path = path
    this.#codec = known.codec
    this.#default = known.defaultValue
    this.#value = known.defaultValue
    this.#onChange = known.onChange
    this.#report = new CallbackReporter(client, known.onError)
    this.#cache = new NodeCache(client, path, {
      ...(known.onError !== undefined && { onError: known.onError }),
    })
    this.#cache.onChange((entry) => this.#take(entry))
  }

  /** In force: the default, or the last good value. */
  get value(): T {
    return this.#value
  }

  /** Of the znode whose data the value is; undefined: it is the default. */
  get stat(): Stat | undefined {
    return this.#stat
  }

  /** What is wrong with the data that are there; undefined: nothing. */
  get error(): CodecError | undefined {
    return this.#error
  }

  /** It does not follow the znode any more, and keeps its value. */
  get isClosed(): boolean {
    return this.#cache.isClosed
  }

  /** Aborted when {@link isClosed}. */
  get signal(): AbortSignal {
    return this.#cache.signal
  }

  /**
   * Begins to follow the znode, once, and waits until it was read. A wait that is given up ends nothing else.
   * @throws as {@link NodeCache.start}. Data that cannot be decoded are no failure: see {@link error}
   */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#cache.start(options)
  }

  /**
   * The value, once it was read, then each newer one; a slow loop gets the newest. It ends when {@link isClosed}, or with the
   * signal's reason.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS; the signal's reason, from the loop
   */
  values(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<T, void, undefined> {
    const signal = checked(() => checkSignal(checkOptions(options, ['signal'] as const).signal))
    return this.#follow(signal)
  }

  /** As {@link values}. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.values()
  }

  /** From the call on `onChange` is not called, and loops end. Never rejects. */
  async close(): Promise<void> {
    await this.#cache.close()
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async *#follow(signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
    let seen = 0
    for (;;) {
      signal?.throwIfAborted()
      if (this.isClosed) return
      if (this.#turn === seen) await this.#news(signal)
      else {
        seen = this.#turn
        yield this.#value
      }
    }
  }

  /** Resolves with the next value, and with the end. */
  #news(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const ends = signal === undefined ? [this.signal] : [this.signal, signal]
      const look = (): void => {
        this.#looks.delete(look)
        for (const forget of forgets) forget()
        resolve()
      }
      this.#looks.add(look)
      const forgets = ends.map((end) => onAbort(end, look))
    })
  }

  #take(entry: CacheEntry | undefined): void {
    let isNew = this.#turn === 0
    this.#error = undefined
    if (entry === undefined) {
      isNew ||= this.#stat !== undefined
      this.#value = this.#default
      this.#stat = undefined
    } else {
      try {
        this.#value = this.#codec.decode(entry.data ?? null)
        this.#stat = entry.stat
        isNew = true
      } catch (cause) {
        this.#refuse(new CodecError('the data could not be decoded', this.path, cause))
      }
    }
    if (!isNew || this.isClosed) return
    this.#turn += 1
    for (const look of [...this.#looks]) look()
    if (this.#onChange !== undefined) this.#report.notify(this.#onChange, this.#value, 'onChange')
  }

  #refuse(error: CodecError): void {
    this.#error = error
    if (this.#report.isSilent) process.emitWarning(error)
    else this.#report.report(error)
  }
}
