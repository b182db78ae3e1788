/**
 * The journal entries that the records are behind of: how many bytes a start would have to replay.
 * Neighbours: replica (adds each batch), commit/flush-pacer (keeps it short).
 */

export class JournalTail {
  /** Bytes of the entries from `#first` on, in order. */
  #sizes: number[] = []
  #first = 1
  #bytes = 0

  /** Unit: bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Entry `seq` is in the journal. Entries come in order; the first one may have any number. */
  add(seq: number, bytes: number): void {
    if (this.#sizes.length === 0) this.#first = seq
    this.#sizes.push(bytes)
    this.#bytes += bytes
  }

  /** Entries up to `flushed` are needed no more. */
  flushedTo(flushed: number): void {
    const count = Math.min(Math.max(0, flushed - this.#first + 1), this.#sizes.length)
    if (count === 0) return
    for (let i = 0; i < count; i++) this.#bytes -= this.#sizes[i] as number
    this.#sizes = this.#sizes.slice(count)
    this.#first += count
  }
}
