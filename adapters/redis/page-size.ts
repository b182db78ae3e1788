/** How many entries of the feed to read at a time: Redis bounds a reply by their number only. */
import type { Entry } from './records.ts'

const ENTRIES_AT_FIRST = 16
export const PAGE_ENTRIES_MAX = 1_000
const PAGE_BYTES = 4 * 2 ** 20

export class PageSize {
  #entryBytes = PAGE_BYTES / ENTRIES_AT_FIRST

  /** As many as make some MiB if the next ones are like the last. */
  get entries(): number {
    return Math.max(1, Math.min(Math.floor(PAGE_BYTES / this.#entryBytes), PAGE_ENTRIES_MAX))
  }

  /** The estimate of an entry's size grows immediately and shrinks slowly. */
  weigh(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    const bytes = entries.reduce((sum, entry) => sum + entry.byteLength, 0) / entries.length
    this.#entryBytes = Math.max(bytes, (bytes + this.#entryBytes) / 2)
  }
}
