/**
 * Which stored records (n/, c/, s/) are behind the journal, in the order they became so. The flush
 * takes the oldest first and writes their newest state, so a hot key is written once for many
 * changes; the mark `flushed` follows the oldest one left. See docs/decisions/0001.
 */

/** Of which room: znodes, child records, sessions. */
export type DirtyKind = 'n' | 'c' | 's'

/** One record that lacks changes. */
export interface Dirty {
  readonly kind: DirtyKind
  /** A znode's path, or a session's id in hex. */
  readonly name: string
}

interface Entry extends Dirty {
  /** The first batch whose change is not in the record. */
  first: number
  last: number
  /** The store has no such record, as long as nobody else flushed: foreign flushes up to then. */
  readonly absentAt: number
}

const NOT_ABSENT = -1

/** Records on their way to the store with one commit. */
export interface Portion {
  readonly entries: readonly Dirty[]
}

/** The records of one room. Kept apart, so that a path is looked up as it is, with its hash. */
class Room {
  readonly kind: DirtyKind
  /** In the order of `first`, as are those given back, which are older. */
  readonly entries = new Map<string, Entry>()
  returned = new Map<string, Entry>()
  /** How many portions on their way carry it. */
  readonly flushing = new Map<string, number>()

  constructor(kind: DirtyKind) {
    this.kind = kind
  }

  get(name: string): Entry | undefined {
    return this.entries.get(name) ?? (this.returned.size > 0 ? this.returned.get(name) : undefined)
  }
  delete(name: string): void {
    if (!this.entries.delete(name)) this.returned.delete(name)
  }
  landed(name: string): void {
    const count = this.flushing.get(name) ?? 0
    if (count > 1) this.flushing.set(name, count - 1)
    else this.flushing.delete(name)
  }
  get size(): number {
    return this.entries.size + this.returned.size + this.flushing.size
  }
  *oldest(): IterableIterator<Entry> {
    if (this.returned.size > 0) yield* this.returned.values()
    yield* this.entries.values()
  }
  get first(): number {
    for (const entry of this.returned.values()) return entry.first
    for (const entry of this.entries.values()) return entry.first
    return Number.POSITIVE_INFINITY
  }
}

export class Backlog {
  readonly #n = new Room('n')
  readonly #c = new Room('c')
  readonly #s = new Room('s')
  readonly #rooms = [this.#n, this.#c, this.#s] as const
  #foreignCount = 0

  #room(kind: DirtyKind): Room {
    return kind === 'n' ? this.#n : kind === 'c' ? this.#c : this.#s
  }

  get size(): number {
    return this.#n.size + this.#c.size + this.#s.size
  }

  /** Of the oldest change that is in no record and on no way to one; undefined: there is none. */
  get oldestSeq(): number | undefined {
    const oldest = Math.min(this.#n.first, this.#c.first, this.#s.first)
    return oldest === Number.POSITIVE_INFINITY ? undefined : oldest
  }

  /**
   * Batch `seq` changes what the record says. `isNew`: as far as the replica knows, the thing did not
   * exist before.
   */
  touch(kind: DirtyKind, name: string, seq: number, isNew = false): void {
    const room = this.#room(kind)
    const entry = room.get(name)
    if (entry !== undefined) {
      entry.last = seq
      return
    }
    const absent = isNew && !room.flushing.has(name)
    const absentAt = absent ? this.#foreignCount : NOT_ABSENT
    room.entries.set(name, { kind, name, first: seq, last: seq, absentAt })
  }

  /** The oldest records, those on their way left out. */
  *oldest(): IterableIterator<Dirty> {
    const queues = this.#rooms
      .map((room) => room.oldest())
      .map((rest) => ({ rest, next: rest.next() }))
    for (;;) {
      let best: (typeof queues)[number] | undefined
      for (const queue of queues) {
        if (queue.next.done === true) continue
        if (best === undefined || queue.next.value.first < best.next.value.first) best = queue
      }
      if (best === undefined) return
      yield best.next.value
      best.next = best.rest.next()
    }
  }

  /** The store cannot have this record: when the thing is gone, there is nothing to delete. */
  isAbsent(dirty: Dirty): boolean {
    return (dirty as Entry).absentAt === this.#foreignCount
  }

  /** These, from oldest(), go along with a commit. Afterwards: {@link written} or {@link giveBack}. */
  take(entries: readonly Dirty[]): Portion {
    for (const { kind, name } of entries) {
      const room = this.#room(kind)
      room.delete(name)
      room.flushing.set(name, (room.flushing.get(name) ?? 0) + 1)
    }
    return { entries }
  }

  /** The batch up to which every record is right once what is on its way has come, at state `seq`. */
  mark(seq: number): number {
    const oldest = this.oldestSeq
    return oldest === undefined ? seq : oldest - 1
  }

  /** The commit is in the store. What was touched since is behind again already. */
  written(portion: Portion): void {
    for (const { kind, name } of portion.entries) this.#room(kind).landed(name)
  }

  /** The commits will not be: their records, oldest first, are the oldest again. */
  giveBack(portions: readonly Portion[]): void {
    for (const room of this.#rooms) this.#giveBackTo(room, portions)
  }

  #giveBackTo(room: Room, portions: readonly Portion[]): void {
    const returned = new Map<string, Entry>()
    for (const { entries } of portions) {
      for (const entry of entries as readonly Entry[]) {
        const { kind, name } = entry
        if (kind !== room.kind) continue
        room.landed(name)
        const later = room.get(name)
        if (later !== undefined) room.delete(name)
        const known = returned.get(name) ?? entry
        known.last = Math.max(known.last, entry.last, later?.last ?? 0)
        returned.set(name, known)
      }
    }
    if (returned.size === 0) return
    for (const [name, entry] of room.returned) returned.set(name, entry)
    room.returned = returned
  }

  /** Somebody else committed: some records may be newer than known here. */
  foreign(): void {
    this.#foreignCount++
  }

  /** Somebody's commit says everything up to `flushed` is written, but not which keys it wrote. */
  flushedTo(flushed: number): void {
    for (const room of this.#rooms) {
      for (const entries of [room.returned, room.entries]) {
        for (const [name, entry] of entries) {
          if (entry.first > flushed) break
          if (entry.last <= flushed) entries.delete(name)
          else entry.first = flushed + 1
        }
      }
    }
  }
}
