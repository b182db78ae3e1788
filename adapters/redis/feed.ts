/**
 * The watches of one handle, all served by one reader of the stream. A watch that is behind the
 * reader fetches pages of its own. Neighbours: feed-reader.ts, records.ts (entries), dataset.ts.
 */
import type { Clock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { Key, Revision, StoreEvent, WatchBatch, WatchOptions } from '../../lib/store/types.ts'
import { isInRange } from '../mvcc/events.ts'
import type { Dataset } from './dataset.ts'
import { isTransient, toStoreError } from './errors.ts'
import { FeedReader } from './feed-reader.ts'
import { FEED } from './keys.ts'
import type { Link } from './link.ts'
import { PageSize } from './page-size.ts'
import { pauseAfter } from './pause.ts'
import { type Entry, readEntries, type StreamReply } from './records.ts'
import { SCRIPTS } from './scripts.ts'

export interface FeedOptions {
  readonly dataset: Dataset
  /** The reader's own, as it blocks the connection. */
  readonly link: Link
  /** The connection for pages of the past. */
  readonly pages: Link
  readonly clock: Clock
  /** Pause between empty batches of a quiet watch. Unit: ms. */
  readonly progressMs: number
  readonly readTimeoutMs: number
}

interface Watch {
  /** The first revision that was not read yet. */
  position: Revision
  failure: StoreError | undefined
}

export class Feed {
  readonly #options: FeedOptions
  readonly #watches = new Set<Watch>()
  readonly #wakers = new Set<() => void>()
  readonly #closed = new AbortController()
  readonly #reader: FeedReader
  readonly #pageSize = new PageSize()
  /** How often the server has answered the reader. */
  #answers = 0

  constructor(options: FeedOptions) {
    this.#options = options
    this.#reader = new FeedReader({
      ...options,
      closed: this.#closed.signal,
      oldestPosition: () => this.#oldestPosition(),
      onAnswer: () => {
        this.#answers++
        this.#wake()
      },
      onFailure: (error) => this.#fail(error),
      onWentBack: () => this.wentBack(),
    })
  }

  async *watch(options: WatchOptions): AsyncGenerator<WatchBatch> {
    const { start, end, signal } = options
    const { clock, progressMs } = this.#options
    const watch: Watch = { position: options.fromRevision, failure: undefined }
    let answers = this.#answers
    let progressDueMs = clock.monotonic() + progressMs
    this.#watches.add(watch)
    try {
      if (!(await this.#retried(() => this.#assertThere(watch), signal))) return
      this.#reader.start()
      while (!signal.aborted) {
        this.#assertOpen()
        if (watch.failure !== undefined) throw watch.failure
        const entries =
          this.#reader.take(watch.position) ??
          (await this.#retried(() => this.#page(watch), signal))
        if (entries === undefined) return
        this.#advance(watch, entries)
        const events = eventsOf(entries, start, end)
        if (
          events.length === 0 &&
          (this.#answers === answers || clock.monotonic() < progressDueMs)
        ) {
          if (entries.length === 0) await this.#change(signal)
          continue
        }
        yield { revision: watch.position - 1, events }
        answers = this.#answers
        progressDueMs = clock.monotonic() + progressMs
      }
    } finally {
      this.#watches.delete(watch)
      this.#reader.prune()
    }
  }

  /**
   * The server lost its newest revisions, perhaps some that a watch has delivered: ends them all.
   */
  wentBack(): void {
    this.#fail(
      new StoreError(
        'STORE_COMPACTED',
        'redis: the server lost its newest revisions (a failover?)',
      ),
    )
    this.#reader.forget()
  }

  close(): void {
    this.#closed.abort()
    this.#wake()
  }

  #assertOpen(): void {
    if (this.#closed.signal.aborted) throw new StoreError('STORE_CLOSED', 'the store is closed')
  }

  #oldestPosition(): Revision | undefined {
    if (this.#watches.size === 0) return undefined
    return Math.min(...[...this.#watches].map(({ position }) => position))
  }

  /** @throws {StoreError} STORE_COMPACTED when the watch's first revision is compacted or lost */
  async #assertThere(watch: Watch): Promise<true> {
    const { dataset, pages, readTimeoutMs } = this.#options
    const [, compacted] = await pages.run(readTimeoutMs, (c) => dataset.call(c, SCRIPTS.look))
    if (watch.position < (compacted as number)) throw compactedError(watch, compacted as number)
    if (dataset.isLost(watch.position - 1)) throw lostError(watch)
    return true
  }

  /** Entries from the watch's position, which is older than those that the reader keeps. */
  async #page(watch: Watch): Promise<readonly Entry[]> {
    const { dataset, pages, readTimeoutMs } = this.#options
    const args = [dataset.keys[FEED]!, `${watch.position}-0`, '+', 'COUNT', this.#pageSize.entries]
    const [reply, [, compacted]] = await pages.run(readTimeoutMs, (c) =>
      Promise.all([c.command('XRANGE', ...args), dataset.call(c, SCRIPTS.look)]),
    )
    const entries = readEntries(reply as StreamReply)
    if (entries.length === 0 || watch.position < (compacted as number)) {
      throw compactedError(watch, compacted as number)
    }
    this.#pageSize.weigh(entries)
    return entries
  }

  /**
   * Moves the watch past the entries. Each must follow the one before: it names the revision before
   * it, or is the very revision that the watch waits for.
   */
  #advance(watch: Watch, entries: readonly Entry[]): void {
    for (const { revision, previous } of entries) {
      if (previous !== watch.position - 1 && revision !== watch.position) throw lostError(watch)
      watch.position = revision + 1
    }
    if (entries.length > 0) this.#reader.prune()
  }

  #fail(error: StoreError): void {
    for (const watch of this.#watches) watch.failure ??= error
    this.#watches.clear()
    this.#wake()
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake()
  }

  /** Waits for the reader's next answer, or the end. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wakers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#wakers.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  /** Retries a read until it succeeds; undefined: aborted meanwhile. */
  async #retried<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return await unlessAborted(read(), signal)
      } catch (cause) {
        this.#assertOpen()
        const error = toStoreError(cause)
        if (!isTransient(error)) throw error
        const over = AbortSignal.any([signal, this.#closed.signal])
        await pauseAfter(failures, this.#options.clock, over)
      }
    }
    return undefined
  }
}

/** The promise's value, or undefined as soon as the signal is aborted. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(undefined)
    signal.addEventListener('abort', abort)
    promise.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject)
  })
}

function eventsOf(entries: readonly Entry[], start: Key, end: Key): StoreEvent[] {
  const events: StoreEvent[] = []
  for (const entry of entries) {
    for (const { event } of entry.changes) {
      if (isInRange(event, start, end)) events.push(event)
    }
  }
  return events
}

function compactedError({ position }: Watch, compactRevision: Revision): StoreError {
  return new StoreError('STORE_COMPACTED', `redis: revision ${position} has been compacted`, {
    compactRevision,
  })
}

function lostError({ position }: Watch): StoreError {
  return new StoreError(
    'STORE_COMPACTED',
    `redis: revision ${position - 1} is no longer in the server's history (a failover?)`,
  )
}
