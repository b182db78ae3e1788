/**
 * Which stored records (n/, c/, s/) are behind the journal, in the order they became so. The flush
 * takes the oldest first and writes their newest state, so a hot key is written once for many
 * changes; the mark `flushed` follows the oldest one left. See docs/decisions/0001.
 */

/** Of which key range: znodes, child records, sessions; 'e' is the one record of lost epochs. */
export type DirtyKind = 'n' | 'c' | 's' | 'e'

/** One record that lacks changes. */
export interface Dirty {
  readonly kind: DirtyKind
  /** A znode's path, a session's id in hex, or nothing. */
  readonly name: string
}

/** behind: to be written. flushing: in a portion in flight. gone: still in the queue, but void. */
type State = 'behind' | 'flushing' | 'gone'

interface Entry extends Dirty {
  state: State
  /** The first batch whose change is not in the record. */
  first: number
  last: number
  /**
   * The store has no such record unless another proxy flushed since: its batches counted until
   * then.
   */
  readonly absentAt: number
}

const NOT_ABSENT = -1
/** Finished entries at the front of the queue before they are dropped. */
const CUT_MIN = 4_096

/** Which records were behind the journal at any time since {@link Backlog.observe}. */
export interface Unsettled {
  has(kind: DirtyKind, name: string): boolean
  end(): void
}

/** Records in flight with one commit, as of batch `seq`. */
export interface Portion {
  readonly entries: readonly Dirty[]
  readonly seq: number
}

export class Backlog {
  readonly #n = new Map<string, Entry>()
  readonly #c = new Map<string, Entry>()
  readonly #s = new Map<string, Entry>()
  readonly #e = new Map<string, Entry>()
  /** Ascending in `first`, from #head on. */
  #queue: Entry[] = []
  #head = 0
  /** Oldest first. */
  #portions: Portion[] = []
  #foreignCount = 0
  /** What became behind, or was no longer, since observe(): kind and name. */
  #moved: Set<string> | undefined

  /** Kept apart by room, so that a path is looked up as it is, with the hash it has already. */
  #mapOf(kind: DirtyKind): Map<string, Entry> {
    if (kind === 'n') return this.#n
    return kind === 'c' ? this.#c : kind === 's' ? this.#s : this.#e
  }

  get size(): number {
    return this.#n.size + this.#c.size + this.#s.size + this.#e.size
  }

  /**
   * Of the oldest change that is neither in a record nor in flight to one; undefined: there is
   * none.
   */
  get oldestSeq(): number | undefined {
    this.#cut()
    for (let i = this.#head; i < this.#queue.length; i++) {
      const { state, first } = this.#queue[i] as Entry
      if (state === 'behind') return first
    }
    return undefined
  }

  #cut(): void {
    const queue = this.#queue
    while (this.#head < queue.length && queue[this.#head]!.state === 'gone') this.#head++
    if (this.#head < CUT_MIN || this.#head * 2 < queue.length) return
    this.#queue = queue.slice(this.#head)
    this.#head = 0
  }

  /**
   * From now on it is known which records may be in the store in another state than the replica's. One observer
   * at a time; it must end.
   */
  observe(): Unsettled {
    const moved = new Set<string>()
    this.#moved = moved
    return {
      has: (kind, name) => this.#mapOf(kind).has(name) || moved.has(kind + name),
      end: () => {
        if (this.#moved === moved) this.#moved = undefined
      },
    }
  }

  /** Is its record behind the journal, or in flight to the store? */
  has(kind: DirtyKind, name: string): boolean {
    return this.#mapOf(kind).has(name)
  }

  #settle({ kind, name }: Dirty): void {
    this.#moved?.add(kind + name)
    this.#mapOf(kind).delete(name)
  }

  /**
   * Batch `seq` changes what the record says. `isNew`: as far as the replica knows, the thing did
   * not exist before.
   */
  touch(kind: DirtyKind, name: string, seq: number, isNew = false): void {
    const records = this.#mapOf(kind)
    const known = records.get(name)
    if (known?.state === 'behind') {
      known.last = seq
      return
    }
    const absentAt = isNew && known === undefined ? this.#foreignCount : NOT_ABSENT
    const entry: Entry = { kind, name, state: 'behind', first: seq, last: seq, absentAt }
    records.set(name, entry)
    this.#queue.push(entry)
  }

  /** The oldest records behind the journal, those in flight left out. */
  *oldest(): IterableIterator<Dirty> {
    for (let i = this.#head; i < this.#queue.length; i++) {
      const entry = this.#queue[i] as Entry
      if (entry.state === 'behind') yield entry
    }
  }

  /** The store cannot have this record: when the thing is gone, there is nothing to delete. */
  isAbsent(dirty: Dirty): boolean {
    return (dirty as Entry).absentAt === this.#foreignCount
  }

  /**
   * These, from oldest(), go along with a commit, as they are at batch `seq`. Afterwards
   * {@link written}, or {@link giveBack} with all portions behind it.
   */
  take(entries: readonly Dirty[], seq: number): Portion {
    for (const entry of entries as readonly Entry[]) entry.state = 'flushing'
    const portion = { entries, seq }
    // An empty one changes no record, so the mark need not wait for it.
    if (entries.length > 0) this.#portions.push(portion)
    return portion
  }

  /**
   * The batch up to which every record is complete once all in flight is written, at state `seq`.
   */
  mark(seq: number): number {
    const oldest = this.oldestSeq
    const behind = oldest === undefined ? seq : oldest - 1
    // What changed since a portion was taken may be changed in its records once more.
    return Math.min(behind, this.#portions[0]?.seq ?? seq)
  }

  /** The commit is in the store. What was touched since is behind again already. */
  written(portion: Portion): void {
    this.#portions = this.#portions.filter((other) => other !== portion)
    for (const entry of portion.entries as readonly Entry[]) {
      entry.state = 'gone'
      if (this.#mapOf(entry.kind).get(entry.name) === entry) this.#settle(entry)
    }
  }

  /** These commits were lost: their records are behind again, each in its old place. */
  giveBack(portions: readonly Portion[]): void {
    this.#portions = this.#portions.filter((other) => !portions.includes(other))
    for (const { entries } of portions) {
      for (const entry of entries as readonly Entry[]) this.#return(entry)
    }
  }

  #return(entry: Entry): void {
    // An older one of the same record has taken its place.
    if (entry.state === 'gone') return
    const records = this.#mapOf(entry.kind)
    const newer = records.get(entry.name)
    if (newer !== undefined && newer !== entry) {
      entry.last = newer.last
      newer.state = 'gone'
    }
    entry.state = 'behind'
    records.set(entry.name, entry)
  }

  /** Another proxy committed: some records may be newer than known here. */
  foreign(): void {
    this.#foreignCount++
  }

  /** A commit says that everything up to `flushed` is written, but not which keys it wrote. */
  flushedTo(flushed: number): void {
    for (let i = this.#head; i < this.#queue.length; i++) {
      const entry = this.#queue[i] as Entry
      if (entry.first > flushed) return
      if (entry.state !== 'behind') continue
      if (entry.last > flushed) entry.first = flushed + 1
      else {
        entry.state = 'gone'
        this.#settle(entry)
      }
    }
  }
}
