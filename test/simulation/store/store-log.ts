/**
 * The truth of a run: every journal entry that was ever committed, in order, seen at the store itself.
 * A restore from a snapshot takes the newest ones back; they are kept apart.
 */
import type { Commit } from '../../../adapters/mvcc/commit-log.ts'
import { decodeBatch } from '../../../lib/format/journal.ts'
import type { Batch } from '../../../lib/format/ops.ts'
import type { Layout, Revision } from '../../../lib/internal.ts'
import { compareBytes } from '../../../lib/store/bytes.ts'

export interface LogEntry {
  readonly batch: Batch
  /** As stored. */
  readonly bytes: Uint8Array
  readonly revision: Revision
  /** Simulated ms. */
  readonly atMs: number
}

export interface Rewind {
  readonly atMs: number
  /** Entries that the restored store does not have. */
  readonly lost: readonly LogEntry[]
  /** Those that it has; a snapshot newer than the one before brings some back. */
  readonly kept: readonly LogEntry[]
}

export class StoreLog {
  readonly entries: LogEntry[] = []
  readonly rewinds: Rewind[] = []
  /** While records were missing: who loads them meanwhile may show anything. */
  readonly damages: { readonly fromMs: number; untilMs: number }[] = []
  onRewind: ((rewind: Rewind) => void) | undefined
  readonly #layout: Layout
  readonly #now: () => number

  constructor(layout: Layout, now: () => number) {
    this.#layout = layout
    this.#now = now
  }

  /** Committed entries are gone, or were for a while. */
  get isBroken(): boolean {
    return this.rewinds.length > 0 || this.damages.length > 0
  }

  add(commits: readonly Commit[]): void {
    const { start, end } = this.#layout.journal
    for (const { revision, events } of commits) {
      for (const event of events) {
        if (event.type !== 'put') continue
        const { key, value } = event.kv
        if (compareBytes(key, start) < 0 || compareBytes(key, end) >= 0) continue
        const atMs = this.#lostMs(value) ?? this.#now()
        this.entries.push({ batch: decodeBatch(value), bytes: value, revision, atMs })
      }
    }
  }

  /** Did the store have an entry, which it lost once, at this time? */
  hadAt({ bytes }: LogEntry, atMs: number): boolean {
    let had = true
    const isIn = (entries: readonly LogEntry[]) =>
      entries.some((entry) => compareBytes(entry.bytes, bytes) === 0)
    for (const rewind of this.rewinds) {
      if (rewind.atMs > atMs) break
      if (isIn(rewind.lost)) had = false
      else if (isIn(rewind.kept)) had = true
    }
    return had
  }

  /** When the same entry was committed first, which a restore has lost and its proxy has sent again. */
  #lostMs(value: Uint8Array): number | undefined {
    for (const { lost } of this.rewinds) {
      const same = lost.find(({ bytes }) => compareBytes(bytes, value) === 0)
      if (same !== undefined) return same.atMs
    }
    return undefined
  }

  /** The store has these now, of what it had. */
  replace(entries: readonly LogEntry[]): void {
    const kept = new Set(entries)
    const lost = this.entries.filter((entry) => !kept.has(entry))
    this.entries.splice(0, this.entries.length, ...entries)
    const rewind = { atMs: this.#now(), lost, kept: [...entries] }
    this.rewinds.push(rewind)
    this.onRewind?.(rewind)
  }
}
