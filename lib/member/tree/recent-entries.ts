/**
 * The newest journal entries that this member applied, as bytes: what change feeds are read from, and how far back they
 * resume. Bounded in bytes and time, and filled whether or not anybody reads.
 * Neighbours: replica (adds each batch), load-journal (adds what a start finds), changes (reads).
 */
import type { Clock } from '../../base/clock.ts'
import { ByteWriter } from '../../format/bytes.ts'
import { decodeBatch, encodeEntry, JOURNAL_FORMAT, writeTxn } from '../../format/journal.ts'
import type { Batch, Op, TxnEntry } from '../../format/ops.ts'

/** What an entry takes besides its bytes. Counted, because small entries are many. Unit bytes. */
export const RECENT_OVERHEAD_BYTES = 128
/** Entries share pieces of memory. The first one is small: most keepers of tests write little. Unit bytes. */
const PIECE_BYTES = { first: 16 * 1024, max: 256 * 1024 } as const
/** Dropped entries at the front of the list before it is shortened. */
const TRIM_MIN = 1_024

interface Entry {
  /** zxid of its first transaction. */
  readonly firstZxid: number
  /** When it was added, monotonic ms. */
  readonly atMs: number
  /** Of all entries before it, since the beginning: bytes and transactions. */
  readonly bytesBefore: number
  readonly txnsBefore: number
  readonly piece: Uint8Array
  readonly start: number
  readonly length: number
}

/** A session that ended without naming its ephemerals: the transaction's index, and their paths. */
export type EndedSession = readonly [index: number, paths: readonly string[]]

export interface RecentOptions {
  readonly clock: Clock
  /** Unit bytes, {@link RECENT_OVERHEAD_BYTES} for each entry included. */
  readonly bytesMax: number
  readonly ageMsMax: number
}

export class RecentEntries {
  /** Called behind each entry that is added. */
  onAdd: (() => void) | undefined
  readonly #options: RecentOptions
  /** Entry `#base` and those after it; up to `#first` they are dropped. */
  #entries: (Entry | undefined)[] = []
  #base = 1
  #first = 1
  #bytes = 0
  #txns = 0
  #piece = new Uint8Array(0)
  #used = 0
  /** The entry that was read last, and the one that was added last where it need not be decoded. */
  #read: Batch | undefined
  #newest: Batch | undefined

  constructor(options: RecentOptions) {
    this.#options = options
  }

  /** The oldest entry that is there; {@link last} + 1: there is none. */
  get first(): number {
    return this.#first
  }
  /** The newest one that was added. */
  get last(): number {
    return this.#base + this.#entries.length - 1
  }
  /** Held now. Unit bytes. */
  get bytes(): number {
    return this.#bytes - (this.#at(this.#first)?.bytesBefore ?? this.#bytes)
  }
  /** zxid of the oldest transaction that is there; undefined: there is none. */
  get oldestZxid(): number | undefined {
    return this.#at(this.#first)?.firstZxid
  }

  /** Entry `seq` was applied. After a gap those before it do not count. */
  add(batch: Batch, bytes: Uint8Array, ended: readonly EndedSession[] = []): void {
    if (batch.seq !== this.last + 1) this.restart(batch.seq - 1)
    const isNamed = ended.length === 0
    const kept = isNamed ? bytes : encodeEntry(...withNames(batch, ended))
    const { piece, start } = this.#store(kept)
    this.#entries.push({
      firstZxid: batch.txns[0]?.zxid ?? batch.zxid,
      atMs: this.#options.clock.monotonic(),
      bytesBefore: this.#bytes,
      txnsBefore: this.#txns,
      piece,
      start,
      length: kept.length,
    })
    this.#bytes += kept.length + RECENT_OVERHEAD_BYTES
    this.#txns += batch.txns.length
    // Entries of older formats say less than the member knew that wrote them.
    this.#newest = isNamed && batch.format >= JOURNAL_FORMAT ? batch : undefined
    this.trim()
    this.onAdd?.()
  }

  /** Nothing up to entry `seq` can be read. */
  restart(seq: number): void {
    this.#entries = []
    this.#base = seq + 1
    this.#first = seq + 1
    this.#piece = new Uint8Array(0)
    this.#used = 0
    this.#newest = undefined
    this.#read = undefined
  }

  /** Drops what is too old, or too much. */
  trim(): void {
    const { clock, bytesMax, ageMsMax } = this.#options
    const bornMs = clock.monotonic() - ageMsMax
    for (let entry = this.#at(this.#first); entry !== undefined; entry = this.#at(this.#first)) {
      if (entry.atMs >= bornMs && this.#bytes - entry.bytesBefore <= bytesMax) break
      this.#entries[this.#first - this.#base] = undefined
      this.#first++
    }
    const dropped = this.#first - this.#base
    if (dropped < TRIM_MIN || dropped * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(dropped)
    this.#base = this.#first
  }

  /** Entry `seq`, which must be there: from {@link first} to {@link last}. */
  batchAt(seq: number): Batch {
    if (this.#newest?.seq === seq) return this.#newest
    if (this.#read?.seq === seq) return this.#read
    const { piece, start, length } = this.#at(seq) as Entry
    this.#read = decodeBatch(piece.subarray(start, start + length))
    return this.#read
  }

  /** What lies from entry `seq` on, which must be there or be the next one: bytes and transactions. */
  lagFrom(seq: number): { readonly bytes: number; readonly txns: number } {
    const entry = this.#at(seq)
    return {
      bytes: this.#bytes - (entry?.bytesBefore ?? this.#bytes),
      txns: this.#txns - (entry?.txnsBefore ?? this.#txns),
    }
  }

  /**
   * The tree was reloaded, and its history continues this one up to entry `seq`: what the load found in the store is
   * appended. Without a link between the two only that counts.
   */
  continueWith(found: RecentEntries, seq: number): void {
    if (found.first > this.last + 1 || (found.last < found.first && this.last !== seq)) {
      this.restart(found.first - 1)
    }
    for (let next = this.last + 1; next <= found.last; next++) {
      const { piece, start, length } = found.#at(next) as Entry
      this.add(found.batchAt(next), piece.subarray(start, start + length))
    }
  }

  #at(seq: number): Entry | undefined {
    return this.#entries[seq - this.#base]
  }

  #store(bytes: Uint8Array): { piece: Uint8Array; start: number } {
    if (this.#used + bytes.length > this.#piece.length) {
      const doubled = Math.max(PIECE_BYTES.first, this.#piece.length * 2)
      const length = Math.max(bytes.length, Math.min(doubled, PIECE_BYTES.max))
      this.#piece = new Uint8Array(length)
      this.#used = 0
    }
    const [piece, start] = [this.#piece, this.#used]
    piece.set(bytes, start)
    this.#used += bytes.length
    return { piece, start }
  }
}

/** Of the entry that names them. */
function withNames(batch: Batch, ended: readonly EndedSession[]): [Batch, ByteWriter] {
  const paths = new Map(ended)
  const out = new ByteWriter()
  const named = { ...batch, format: JOURNAL_FORMAT }
  const [first] = batch.txns
  let before = {
    // Only how far the others are from the first one counts: the last zxid is in the header.
    zxid: (first?.zxid ?? 0) - (first?.takesZxid === true ? 1 : 0),
    time: batch.time,
    session: 0n,
  }
  batch.txns.forEach((txn, index) => {
    const ops = txn.ops.map((op) => withPaths(op, paths.get(index)))
    const next: TxnEntry = { ...txn, ops }
    writeTxn(out, JOURNAL_FORMAT, next, before)
    before = next
  })
  return [named, out]
}

function withPaths(op: Op, paths: readonly string[] | undefined): Op {
  if (op.type !== 'endSession' || paths === undefined) return op
  return { type: 'closeSession', id: op.id, paths }
}
