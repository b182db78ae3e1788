/**
 * Which stored records (n/, c/, s/) are behind the journal, in the order they became so. The flush
 * writes the oldest first and always their newest state, so a hot key is written once for many
 * changes; the mark `flushed` follows the oldest one left. See docs/decisions/0001.
 */

/** 'n' + path, 'c' + path, 's' + session id in hex. */
export type DirtyKey = string

interface Entry {
  /** The first batch whose change is not in the record. */
  first: number
  last: number
}

export class Backlog {
  readonly #entries = new Map<DirtyKey, Entry>()

  get size(): number {
    return this.#entries.size
  }

  touch(key: DirtyKey, seq: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) this.#entries.set(key, { first: seq, last: seq })
    else entry.last = seq
  }

  /** The oldest keys, at most `countMax`. */
  *oldest(countMax: number): IterableIterator<DirtyKey> {
    let left = countMax
    for (const key of this.#entries.keys()) {
      if (left-- <= 0) return
      yield key
    }
  }

  /** The batch up to which everything would be written once these were, given the state at `seq`. */
  markAfter(written: ReadonlySet<DirtyKey>, seq: number): number {
    for (const [key, entry] of this.#entries) {
      if (!written.has(key)) return entry.first - 1
    }
    return seq
  }

  /**
   * Our own commit wrote these records as they were at batch `seq`. Later touches stay.
   */
  written(keys: Iterable<DirtyKey>, seq: number): void {
    for (const key of keys) {
      const entry = this.#entries.get(key)
      if (entry === undefined) continue
      this.#entries.delete(key)
      if (entry.last > seq) this.#entries.set(key, { first: seq + 1, last: entry.last })
    }
  }

  /** Somebody's commit says everything up to `flushed` is written, but not which keys it wrote. */
  flushedTo(flushed: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.first > flushed) return
      if (entry.last <= flushed) this.#entries.delete(key)
      else entry.first = flushed + 1
    }
  }
}
