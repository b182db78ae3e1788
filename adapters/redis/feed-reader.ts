/**
 * Reads the stream while there are watches, on a connection of its own, which it blocks; keeps the
 * newest entries for the watches of its handle. Each entry names the revision before it, so a
 * missed or repeated entry is detected, whatever happened to the connection or the server.
 * Neighbours: feed.ts (the watches), records.ts (entries), dataset.ts.
 */
import type { Clock } from '../../lib/base/clock.ts'
import type { StoreError } from '../../lib/model/errors.ts'
import type { Revision } from '../../lib/store/types.ts'
import type { Dataset } from './dataset.ts'
import { isTransient, toStoreError } from './errors.ts'
import { FEED } from './keys.ts'
import type { Commands, Link } from './link.ts'
import { PAGE_ENTRIES_MAX, PageSize } from './page-size.ts'
import { pauseAfter } from './pause.ts'
import { type Entry, readEntries, type StreamReply } from './records.ts'
import { SCRIPTS } from './scripts.ts'

export interface FeedReaderOptions {
  readonly dataset: Dataset
  readonly link: Link
  readonly clock: Clock
  /** How long one read blocks while there is nothing new. Unit: ms. */
  readonly progressMs: number
  readonly readTimeoutMs: number
  /** Aborted when the store closes. */
  readonly closed: AbortSignal
  /** The first revision that some watch has not seen yet; undefined: there is no watch. */
  readonly oldestPosition: () => Revision | undefined
  /** The server answered, with entries or without. */
  readonly onAnswer: () => void
  /** Called with an error that a new connection does not remedy. */
  readonly onFailure: (error: StoreError) => void
  /** The entries do not follow those read before. */
  readonly onWentBack: () => void
}

/** Bound of the entries kept for watches slower than the reader; they fetch older ones. */
const RECENT_BYTES_MAX = 64 * 2 ** 20

export class FeedReader {
  readonly #options: FeedReaderOptions
  /** The revision read last; #recent holds the entries after #base up to it. */
  #head: Revision | undefined
  #base: Revision = 0
  #recent: Entry[] = []
  #recentBytes = 0
  #isRunning = false
  readonly #pageSize = new PageSize()

  constructor(options: FeedReaderOptions) {
    this.#options = options
  }

  /** Reads until there is no watch left. */
  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#run().finally(() => {
      this.#isRunning = false
      this.forget()
      // For a watch that began after the reader had seen that none was left.
      if (this.#isNeeded) this.start()
    })
  }

  /** Drops what was read; the next read starts at the server's revision. */
  forget(): void {
    this.#head = undefined
    this.#recent = []
    this.#recentBytes = 0
  }

  /** Entries from `position`, perhaps none so far; undefined: they are older than those kept. */
  take(position: Revision): readonly Entry[] | undefined {
    if (this.#head === undefined || position > this.#head) return []
    if (position <= this.#base) return undefined
    const first = lowerBound(this.#recent, position)
    return this.#recent.slice(first, first + PAGE_ENTRIES_MAX)
  }

  /** Drops the entries that every watch has seen. */
  prune(): void {
    const oldest = this.#options.oldestPosition() ?? Number.POSITIVE_INFINITY
    this.#dropWhile(({ revision }) => revision < oldest)
  }

  get #isNeeded(): boolean {
    return this.#options.oldestPosition() !== undefined && !this.#options.closed.aborted
  }

  async #run(): Promise<void> {
    const { clock, closed, onFailure } = this.#options
    for (let failures = 0; this.#isNeeded; ) {
      try {
        await this.#readNext()
        failures = 0
      } catch (cause) {
        const error = toStoreError(cause)
        if (error.code === 'STORE_CLOSED') return
        if (isTransient(error)) await pauseAfter(failures++, clock, closed)
        else onFailure(error)
      }
    }
  }

  async #readNext(): Promise<void> {
    const { dataset, link, progressMs, readTimeoutMs, onAnswer } = this.#options
    const head = this.#head
    if (head === undefined) {
      const [revision] = await link.run(readTimeoutMs, (c) => dataset.call(c, SCRIPTS.look))
      this.#head = revision as number
      this.#base = this.#head
      return onAnswer()
    }
    const reply = await link.run(progressMs + readTimeoutMs, async (c) => {
      const [read] = await Promise.all([
        this.#read(c, head),
        // Sent behind it: fails unless the data is the same and has not lost revisions.
        dataset.call(c, SCRIPTS.look),
      ])
      return read
    })
    // The look found that the server had lost revisions.
    if (this.#head !== head) return
    if (this.#append(readEntries(reply))) onAnswer()
    else this.#options.onWentBack()
  }

  async #read(commands: Commands, head: Revision): Promise<StreamReply> {
    const { dataset, progressMs } = this.#options
    const limits = ['COUNT', this.#pageSize.entries, 'BLOCK', progressMs]
    const stream = ['STREAMS', dataset.keys[FEED]!, `${head}-0`]
    const reply = await commands.command('XREAD', ...limits, ...stream)
    return (reply as readonly [readonly [Buffer, StreamReply]] | null)?.[0][1] ?? null
  }

  /** false: they do not follow what was read before. */
  #append(entries: readonly Entry[]): boolean {
    for (const { revision, previous, byteLength } of entries) {
      if (previous !== this.#head) return false
      this.#head = revision
      this.#recentBytes += byteLength
    }
    this.#options.dataset.saw(this.#head!)
    this.#pageSize.weigh(entries)
    this.#recent.push(...entries)
    this.#dropWhile(() => this.#recentBytes > RECENT_BYTES_MAX)
    return true
  }

  #dropWhile(isOver: (oldest: Entry) => boolean): void {
    let count = 0
    for (const entry of this.#recent) {
      if (!isOver(entry)) break
      this.#base = entry.revision
      this.#recentBytes -= entry.byteLength
      count++
    }
    if (count > 0) this.#recent = this.#recent.slice(count)
  }
}

/** Index of the first entry whose revision is not below `revision`. */
function lowerBound(entries: readonly Entry[], revision: Revision): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries[middle]!.revision < revision) low = middle + 1
    else high = middle
  }
  return low
}
