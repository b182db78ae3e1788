/**
 * A part of the tree in memory, kept up to date by a change feed: listeners get what changed and an immutable image, one
 * call for each transaction. Source of the idea: KRaft's MetadataPublisher.
 * Line: change feed → here → listeners. Neighbours: cache-image, cache-delta.
 */

import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import { checkNames, optionNames } from '../../base/known-options.ts'
import { type Logger, silentLogger } from '../../base/log.ts'
import { pause } from '../../base/pause.ts'
import type { ChangeRecord, ChangesSource } from '../../model/change.ts'
import { ChangesError, StoreError } from '../../model/errors.ts'
import { type CallTrace, captureTrace } from '../call-trace.ts'
import { type CallbackError, CallbackFaults } from '../callback-faults.ts'
import { type CacheDelta, DeltaBuilder, deltaBetween } from './cache-delta.ts'
import { type CacheImage, TreeImage } from './cache-image.ts'

/** What a cache reads: a Keeper, or a ZooKeeper. */
export interface CacheSource extends ChangesSource {
  /** What pauses between two tries are measured with. */
  readonly clock: Clock
  /** Where a fault of a listener is reported without onError. */
  readonly logger?: Logger
}

/** Options of {@link Cache.open}. */
export interface CacheOptions {
  /** This path and all below it. @default "/" */
  readonly prefix?: string
  /** Keep no data. @default false */
  readonly withoutData?: boolean
  /** Ends the wait for the first image, and the cache. */
  readonly signal?: AbortSignal
  /** Called with what a listener throws. @default it is logged, and a warning of the process */
  readonly onError?: (error: CallbackError) => void
}

const OPTIONS = optionNames<CacheOptions>({
  prefix: true,
  withoutData: true,
  signal: true,
  onError: true,
})

/** Called with what changed and the image after it. If it returns a promise, the next call waits for that. */
export type CacheListener = (delta: CacheDelta, image: CacheImage) => unknown

interface Listening {
  readonly listener: CacheListener
  readonly trace: CallTrace
  /** What it knows. */
  seen: CacheImage
}

/** Between two tries to open the feed, while the store is out of reach. Unit ms. */
const RETRY = { firstMs: 100, maxMs: 5_000 }

/**
 * A part of the tree in memory, as of the newest change that the feed has brought. Open, it reads the feed until close(), the
 * signal, or the end of its source. It holds nothing of the process: its source does.
 */
export class Cache {
  readonly #source: CacheSource
  readonly #options: CacheOptions
  readonly #stop = new AbortController()
  readonly #faults: CallbackFaults
  readonly #listeners = new Set<Listening>()
  #image: TreeImage | undefined
  /** A snapshot that is not complete. */
  #building = TreeImage.empty()
  #position: string | undefined
  #onFirst: (() => void) | undefined
  /** Listeners are called one delta after the other. */
  #calls: Promise<void> = Promise.resolve()
  /** Resolves when the cache is closed, or its source is, with the error that ended it; undefined: close() or the signal. */
  readonly ended: Promise<Error | undefined>

  /**
   * Resolves with the first image there.
   * @throws {TypeError} an option is not known, or not valid
   * @throws {StoreError} STORE_CLOSED: the source is closed; the reason of `signal`, when that is aborted before
   */
  static async open(source: CacheSource, options: CacheOptions = {}): Promise<Cache> {
    checkNames(options, OPTIONS)
    const cache = new Cache(source, options)
    const first = new Promise<void>((resolve) => {
      cache.#onFirst = resolve
    })
    const error = await Promise.race([first, cache.ended])
    if (error !== undefined) throw error
    if (cache.#image === undefined) throw options.signal?.reason
    return cache
  }

  private constructor(source: CacheSource, options: CacheOptions) {
    this.#source = source
    this.#options = options
    this.#faults = new CallbackFaults(source.logger ?? silentLogger, options.onError)
    const { signal } = options
    const abort = () => this.#stop.abort()
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    this.ended = this.#run().finally(() => signal?.removeEventListener('abort', abort))
  }

  /** The newest image. It never changes: the next transaction makes another one. */
  get image(): CacheImage {
    return this.#image as CacheImage
  }

  /**
   * Calls `listener` at each transaction that changes something, one after the other, first with everything that is there
   * now. After a gap that the feed does not fill, one call has all that changed. What it throws goes to `onError`, and
   * harms no other listener. @returns its cancel
   */
  onUpdate(listener: CacheListener): () => void {
    const trace = captureTrace(this.onUpdate)
    const listening: Listening = { listener, trace, seen: TreeImage.empty() }
    this.#listeners.add(listening)
    this.#calls = this.#calls.then(() => this.#call(listening, undefined, this.image))
    return () => this.#listeners.delete(listening)
  }

  /** No listener is called any more. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#listeners.clear()
    await this.ended
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #isClosed(): boolean {
    return this.#stop.signal.aborted
  }

  /** Until it is closed, or cannot continue. */
  async #run(): Promise<Error | undefined> {
    for (let tries = 1; !this.#isClosed; tries++) {
      try {
        const { prefix = '/', withoutData = false } = this.#options
        const { signal } = this.#stop
        const feed = this.#source.changes({ from: this.#position, prefix, withoutData, signal })
        this.#building = TreeImage.empty()
        for await (const record of feed) {
          tries = 0
          await this.#take(record)
        }
      } catch (error) {
        if (error instanceof ChangesError) {
          this.#position = error.code === 'CHANGES_GONE' ? undefined : error.position
          if (tries < 2) continue
        } else if (!(error instanceof StoreError && error.retriable)) return error as Error
        await pause(this.#source.clock, backoffMs(tries, RETRY), this.#stop.signal)
      }
    }
    return undefined
  }

  async #take(record: ChangeRecord): Promise<void> {
    switch (record.kind) {
      case 'snapshot':
        this.#building = this.#building.withPage(record.znodes, record.zxid)
        return
      case 'live': {
        const image = this.#building.at(record.zxid)
        this.#building = TreeImage.empty()
        this.#position = record.position
        return this.#publish(image, undefined)
      }
      case 'change': {
        const before = this.#image as TreeImage
        const delta = new DeltaBuilder()
        const image = before.withChange(record, delta)
        this.#position = record.position
        return this.#publish(image, { changes: delta.changes, from: before, isTransaction: true })
      }
      case 'bookmark':
        this.#position = record.position
    }
  }

  /** Resolves when all listeners were called: a slow one slows down the feed, which is bounded. */
  async #publish(image: TreeImage, delta: CacheDelta | undefined): Promise<void> {
    this.#image = image
    this.#onFirst?.()
    for (const listening of this.#listeners) {
      this.#calls = this.#calls.then(() => this.#call(listening, delta, image))
    }
    await this.#calls
  }

  async #call(
    listening: Listening,
    delta: CacheDelta | undefined,
    image: CacheImage,
  ): Promise<void> {
    const { seen } = listening
    const own = delta ?? (await deltaBetween(seen, image))
    if (!this.#listeners.has(listening)) return
    listening.seen = image
    if (own.changes.size === 0) return
    let result: unknown
    const call = () => {
      result = listening.listener(own, image)
      return result
    }
    this.#faults.run(call, undefined, 'a listener of a cache', listening.trace)
    if (result instanceof Promise) await this.#orClosed(result)
  }

  /** What it rejects with is reported already. */
  #orClosed(result: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const end = () => resolve()
      const { signal } = this.#stop
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
      result.then(end, end).finally(() => signal.removeEventListener('abort', end))
    })
  }
}
