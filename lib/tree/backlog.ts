/**
 * Which stored records (n/, c/, s/) are behind the journal, in the order they became so. The flush
 * takes the oldest first and writes their newest state, so a hot key is written once for many
 * changes; the mark `flushed` follows the oldest one left. See docs/decisions/0001.
 */

/** 'n' + path, 'c' + path, 's' + session id in hex. */
export type DirtyKey = string

interface Entry {
  /** The first batch whose change is not in the record. */
  first: number
  last: number
  /** The store has no such record, as long as nobody else flushed: foreign flushes up to then. */
  readonly absentAt: number
}

const NOT_ABSENT = -1

/** Records on their way to the store with one commit. */
export interface Portion {
  readonly keys: readonly DirtyKey[]
  readonly entries: readonly Entry[]
}

export class Backlog {
  /** In the order of `first`, as are those given back, which are older. */
  readonly #entries = new Map<DirtyKey, Entry>()
  #returned = new Map<DirtyKey, Entry>()
  readonly #flushing = new Map<DirtyKey, number>()
  #foreignCount = 0

  get size(): number {
    return this.#entries.size + this.#returned.size + this.#flushing.size
  }

  /** Of the oldest change that is in no record and on no way to one; undefined: there is none. */
  get oldestSeq(): number | undefined {
    for (const entry of this.#returned.values()) return entry.first
    for (const entry of this.#entries.values()) return entry.first
    return undefined
  }

  /**
   * Batch `seq` changes what the record says. `isNew`: as far as the replica knows, the thing did not
   * exist before.
   */
  touch(key: DirtyKey, seq: number, isNew = false): void {
    const entry = this.#entries.get(key) ?? this.#returned.get(key)
    if (entry !== undefined) {
      entry.last = seq
      return
    }
    const absent = isNew && !this.#flushing.has(key)
    const absentAt = absent ? this.#foreignCount : NOT_ABSENT
    this.#entries.set(key, { first: seq, last: seq, absentAt })
  }

  /** The oldest keys, those on their way left out. */
  *oldest(): IterableIterator<DirtyKey> {
    yield* this.#returned.keys()
    yield* this.#entries.keys()
  }

  /** The store cannot have this record: when the thing is gone, there is nothing to delete. */
  isAbsent(key: DirtyKey): boolean {
    const entry = this.#entries.get(key) ?? this.#returned.get(key)
    return entry !== undefined && entry.absentAt === this.#foreignCount
  }

  /** These go along with a commit, as they are now. Afterwards: {@link written} or {@link giveBack}. */
  take(keys: readonly DirtyKey[]): Portion {
    const entries = keys.map((key) => {
      const entry = this.#entries.get(key) ?? this.#returned.get(key)
      if (entry === undefined) throw new Error(`record ${key} is not behind`)
      if (!this.#entries.delete(key)) this.#returned.delete(key)
      this.#flushing.set(key, (this.#flushing.get(key) ?? 0) + 1)
      return entry
    })
    return { keys, entries }
  }

  /** The batch up to which every record is right once what is on its way has come, at state `seq`. */
  mark(seq: number): number {
    const oldest = this.oldestSeq
    return oldest === undefined ? seq : oldest - 1
  }

  /** The commit is in the store. What was touched since is behind again already. */
  written(portion: Portion): void {
    for (const key of portion.keys) this.#landed(key)
  }

  /** The commits will not be: their records, oldest first, are the oldest again. */
  giveBack(portions: readonly Portion[]): void {
    const returned = new Map<DirtyKey, Entry>()
    for (const { keys, entries } of portions) {
      keys.forEach((key, i) => {
        this.#landed(key)
        const earlier = entries[i] as Entry
        const later = this.#entries.get(key) ?? this.#returned.get(key)
        if (later !== undefined && !this.#entries.delete(key)) this.#returned.delete(key)
        const known = returned.get(key) ?? earlier
        known.last = Math.max(known.last, earlier.last, later?.last ?? 0)
        returned.set(key, known)
      })
    }
    for (const [key, entry] of this.#returned) returned.set(key, entry)
    this.#returned = returned
  }

  #landed(key: DirtyKey): void {
    const count = this.#flushing.get(key) ?? 0
    if (count > 1) this.#flushing.set(key, count - 1)
    else this.#flushing.delete(key)
  }

  /** Somebody else committed: some records may be newer than known here. */
  foreign(): void {
    this.#foreignCount++
  }

  /** Somebody's commit says everything up to `flushed` is written, but not which keys it wrote. */
  flushedTo(flushed: number): void {
    for (const entries of [this.#returned, this.#entries]) {
      for (const [key, entry] of entries) {
        if (entry.first > flushed) break
        if (entry.last <= flushed) entries.delete(key)
        else entry.first = flushed + 1
      }
    }
  }
}
