/**
 * The journal entries that are in the store: those that the records are behind of, which a start has to
 * replay, and before them the newest of the others. These are kept for a while: a proxy that was away catches
 * up by them, and can show that what it served is part of this history.
 * Neighbours: replica (adds each batch), commit/flush-pacer (keeps the replay short), commit/flush (deletes).
 */

/** What is kept of entries that no start replays. */
export interface JournalKept {
  readonly bytesMax: number
  readonly entriesMax: number
}

/** Unless a member's limits say otherwise. */
export const JOURNAL_KEPT: JournalKept = { bytesMax: 1024 * 1024, entriesMax: 4_096 }

/** Entries done with at the front of the list before it is cut. */
const CUT_MIN = 4_096

export class JournalTail {
  readonly #kept: JournalKept
  /** Bytes of entry `#base` and those after it, in order. */
  #sizes: number[] = []
  #base = 1
  /** The oldest entry that is in the store, as far as it is known. */
  #first = 1
  /** The oldest that a start replays. */
  #behind = 1
  #keptBytes = 0
  #bytes = 0

  constructor(kept: JournalKept = JOURNAL_KEPT) {
    this.#kept = kept
  }

  /** What a start would replay. Unit: bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** The oldest entry that may be in the store. */
  get first(): number {
    return this.#first
  }

  /** Entry `seq` is in the journal. Entries come in order; after a gap those before it do not count. */
  add(seq: number, bytes: number): void {
    if (seq !== this.#base + this.#sizes.length) this.#restart(seq)
    this.#sizes.push(bytes)
    this.#bytes += bytes
  }

  #restart(seq: number): void {
    if (this.#sizes.length === 0) this.#first = seq
    this.#sizes = []
    this.#base = seq
    this.#behind = seq
    this.#keptBytes = 0
    this.#bytes = 0
  }

  /** No start replays entries up to `flushed`, and those before {@link keptFrom} are deleted. */
  flushedTo(flushed: number): void {
    const end = Math.min(flushed + 1, this.#base + this.#sizes.length)
    for (; this.#behind < end; this.#behind++) {
      const bytes = this.#size(this.#behind)
      this.#bytes -= bytes
      this.#keptBytes += bytes
    }
    const kept = this.keptFrom(flushed)
    for (let seq = Math.max(this.#first, this.#base); seq < kept; seq++) {
      this.#keptBytes -= this.#size(seq)
    }
    this.#first = Math.max(this.#first, kept)
    this.#cut()
  }

  /** The oldest entry that stays when all up to `flushed` are in the records. */
  keptFrom(flushed: number): number {
    const end = Math.min(flushed + 1, this.#base + this.#sizes.length)
    let seq = Math.max(this.#first, this.#base, end - this.#kept.entriesMax)
    let bytes = this.#keptBytes
    for (let dropped = Math.max(this.#first, this.#base); dropped < seq; dropped++) {
      bytes -= this.#size(dropped)
    }
    for (let added = this.#behind; added < end; added++) bytes += this.#size(added)
    while (seq < end && bytes > this.#kept.bytesMax) bytes -= this.#size(seq++)
    return seq
  }

  #size(seq: number): number {
    return this.#sizes[seq - this.#base] ?? 0
  }

  #cut(): void {
    const done = this.#first - this.#base
    if (done < CUT_MIN || done * 2 < this.#sizes.length) return
    this.#sizes = this.#sizes.slice(done)
    this.#base += done
  }
}
