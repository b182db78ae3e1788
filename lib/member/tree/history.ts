/**
 * Which history this replica has applied: the digests of its newest journal entries. Another history has
 * another digest from the batch on where it branched off, whatever its numbers say.
 * Neighbours: replica (extends it), commit/group-committer (compares what it receives), keeper (finds the
 * newest batch that two histories share).
 */
import type { Digest } from '../../format/digest.ts'

/** Entries that are remembered: at a thousand commits a second, four minutes. 24 bytes each. */
export const HISTORY_ENTRIES_MAX = 262_144
const ENTRIES_MIN = 1_024

export class History {
  /** Rings: entry `seq` lies at `seq` modulo their length. */
  #digests = new BigUint64Array(ENTRIES_MIN)
  #zxids = new Float64Array(ENTRIES_MIN)
  /** Attempts of our own batches, 0 for others': a batch of ours that comes back need not be hashed. */
  #attempts = new Float64Array(ENTRIES_MIN)
  /** Entries `#first` to `#last` are known. */
  #first = 1
  #last = 0
  #end: Digest | undefined

  /** The state as loaded: batch `seq` is the newest, its digest is not always known. */
  begin(seq: number, digest: Digest | undefined, zxid: number): void {
    this.#last = seq
    this.#first = seq + 1
    this.#end = digest
    if (digest === undefined) return
    this.#first = seq
    this.#put(seq, digest, zxid, 0)
  }

  /** An entry that a load found in the store; after a gap those before it do not count. */
  found(seq: number, digest: Digest, zxid: number): void {
    if (seq !== this.#last + 1 || this.#end === undefined) this.begin(seq, digest, zxid)
    else this.extend(digest, zxid, 0)
  }

  /** The next entry. `attempt`: of our own batches, else 0. */
  extend(digest: Digest, zxid: number, attempt: number): void {
    const seq = this.#last + 1
    this.#grow()
    this.#put(seq, digest, zxid, attempt)
    this.#last = seq
    this.#end = digest
    this.#first = Math.max(this.#first, seq - this.#digests.length + 1)
  }

  /** Of the newest entry; undefined: a version before 0.2 wrote it, and it is no longer there. */
  get end(): Digest | undefined {
    return this.#end
  }

  /** undefined: not known, or not known any more. */
  digestAt(seq: number): Digest | undefined {
    return this.#knows(seq) ? this.#digests[seq % this.#digests.length] : undefined
  }

  /** zxid of the newest transaction up to batch `seq`. */
  zxidAt(seq: number): number | undefined {
    return this.#knows(seq) ? this.#zxids[seq % this.#zxids.length] : undefined
  }

  /** Of our own batch `seq`; 0: it is another's, or not known. */
  attemptAt(seq: number): number {
    return this.#knows(seq) ? (this.#attempts[seq % this.#attempts.length] as number) : 0
  }

  #knows(seq: number): boolean {
    return seq >= this.#first && seq <= this.#last
  }

  #put(seq: number, digest: Digest, zxid: number, attempt: number): void {
    const at = seq % this.#digests.length
    this.#digests[at] = digest
    this.#zxids[at] = zxid
    this.#attempts[at] = attempt
  }

  /** Twice as large when it is full, up to the bound. */
  #grow(): void {
    const size = this.#digests.length
    if (this.#last - this.#first + 1 < size || size >= HISTORY_ENTRIES_MAX) return
    const before = { digests: this.#digests, zxids: this.#zxids, attempts: this.#attempts }
    this.#digests = new BigUint64Array(size * 2)
    this.#zxids = new Float64Array(size * 2)
    this.#attempts = new Float64Array(size * 2)
    for (let seq = this.#first; seq <= this.#last; seq++) {
      const at = seq % size
      this.#put(
        seq,
        before.digests[at] as Digest,
        before.zxids[at] as number,
        before.attempts[at] as number,
      )
    }
  }
}

/** What is in the store is not what was applied here: nothing of it may be served any more. */
export class HistoryLost extends Error {}
