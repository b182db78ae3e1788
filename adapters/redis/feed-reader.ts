/**
 * Reads the stream on a connection of its own, which it blocks, as long as somebody watches; keeps the
 * newest entries for the watches of its handle. Each entry names the revision before it, so nothing
 * can be missed or come twice unnoticed, whatever happened to the connection or the server.
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
  /** How long it waits for news. Unit: ms. */
  readonly progressMs: number
  readonly readTimeoutMs: number
  /** Aborted when the store closes. */
  readonly closed: AbortSignal
  /** The first revision that some watch has not seen yet; undefined: nobody watches. */
  readonly wanted: () => Revision | undefined
  /** The server answered, be it that there was nothing. */
  readonly onSign: () => void
  /** What no new connection helps against. */
  readonly onFailure: (error: StoreError) => void
  /** The entries are none that follow on what was read before. */
  readonly onWentBack: () => void
}

/** Entries kept for watches that are slower than the reader; what is older they fetch. */
const RECENT_BYTES_MAX = 64 * 2 ** 20

export class FeedReader {
  readonly #options: FeedReaderOptions
  /** What was read last, and the entries kept: those after #base. */
  #head: Revision | undefined
  #base: Revision = 0
  #recent: Entry[] = []
  #recentBytes = 0
  #isRunning = false
  readonly #pageSize = new PageSize()

  constructor(options: FeedReaderOptions) {
    this.#options = options
  }

  /** Reads until nobody watches any more. */
  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#run().finally(() => {
      this.#isRunning = false
      this.forget()
      // For one that came when the reader had already seen that nobody was left.
      if (this.#isWanted) this.start()
    })
  }

  /** Begins anew at the server's revision. */
  forget(): void {
    this.#head = undefined
    this.#recent = []
    this.#recentBytes = 0
  }

  /** Entries from `position` on, none so far perhaps; undefined: they are older than those kept. */
  take(position: Revision): readonly Entry[] | undefined {
    if (this.#head === undefined || position > this.#head) return []
    if (position <= this.#base) return undefined
    const first = lowerBound(this.#recent, position)
    return this.#recent.slice(first, first + PAGE_ENTRIES_MAX)
  }

  /** Keeps only what somebody wants. */
  prune(): void {
    const wanted = this.#options.wanted() ?? Number.POSITIVE_INFINITY
    this.#dropWhile(({ revision }) => revision < wanted)
  }

  get #isWanted(): boolean {
    return this.#options.wanted() !== undefined && !this.#options.closed.aborted
  }

  async #run(): Promise<void> {
    const { clock, closed, onFailure } = this.#options
    for (let failures = 0; this.#isWanted; ) {
      try {
        await this.#readOn()
        failures = 0
      } catch (cause) {
        const error = toStoreError(cause)
        if (error.code === 'STORE_CLOSED') return
        if (isTransient(error)) await pauseAfter(failures++, clock, closed)
        else onFailure(error)
      }
    }
  }

  async #readOn(): Promise<void> {
    const { dataset, link, progressMs, readTimeoutMs, onSign } = this.#options
    const head = this.#head
    if (head === undefined) {
      const [revision] = await link.run(readTimeoutMs, (c) => dataset.call(c, SCRIPTS.look))
      this.#head = revision as number
      this.#base = this.#head
      return onSign()
    }
    const reply = await link.run(progressMs + readTimeoutMs, async (c) => {
      const [read] = await Promise.all([
        this.#read(c, head),
        // Asked behind it: the server is the one it was, and has not gone back, or this fails.
        dataset.call(c, SCRIPTS.look),
      ])
      return read
    })
    // The look found that the server went back.
    if (this.#head !== head) return
    if (this.#append(readEntries(reply))) onSign()
    else this.#options.onWentBack()
  }

  async #read(commands: Commands, head: Revision): Promise<StreamReply> {
    const { dataset, progressMs } = this.#options
    const limits = ['COUNT', this.#pageSize.entries, 'BLOCK', progressMs]
    const stream = ['STREAMS', dataset.keys[FEED]!, `${head}-0`]
    const reply = await commands.command('XREAD', ...limits, ...stream)
    return (reply as readonly [readonly [Buffer, StreamReply]] | null)?.[0][1] ?? null
  }

  /** false: they do not follow on what was read before. */
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

/** Index of the first entry of `revision` or later. */
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
