/**
 * Keys with their history in memory: what a MetadataStore promises, spelled out plainly. It is the
 * model other adapters are measured against. Neighbours: key-index.ts, memory-leases.ts, memory-store.ts.
 */
import type { Clock } from '../../lib/clock.ts'
import { systemClock } from '../../lib/clock.ts'
import { StoreError } from '../../lib/errors.ts'
import { compareBytes, equalBytes, NO_BYTES } from '../../lib/store/bytes.ts'
import type {
  Compare,
  Key,
  KeyValue,
  Lease,
  LeaseId,
  RangeQuery,
  RangeResult,
  Revision,
  StoreEvent,
  Txn,
  TxnResult,
} from '../../lib/store/types.ts'
import { KeyIndex } from './key-index.ts'
import { MemoryLeases } from './memory-leases.ts'

/** A key's states, oldest first; `kv` undefined: deleted. Never empty. */
interface KeyHistory {
  readonly key: Key
  versions: { readonly revision: Revision; readonly kv: KeyValue | undefined }[]
}

/** What one revision changed, in key order. */
export interface Commit {
  readonly revision: Revision
  readonly events: readonly StoreEvent[]
}

export interface MemoryBackendOptions {
  /** Drives lease expiry and watch progress. @default systemClock */
  readonly clock?: Clock
  /** Pause between empty batches of a quiet watch. Unit: ms. @default 1000 */
  readonly progressMs?: number
}

/**
 * One store in this process's memory. Several handles (`openMemoryStore({ backend })`) see the same
 * keys, as several processes do on one etcd. It lives as long as it is referenced: closing all
 * handles loses nothing.
 */
export class MemoryBackend {
  readonly clock: Clock
  readonly progressMs: number
  readonly #index = new KeyIndex<KeyHistory>()
  readonly #leases: MemoryLeases
  readonly #listeners = new Set<() => void>()
  /** One commit a revision without gaps, up to #revision, so a position is arithmetic. */
  #commits: Commit[] = []
  /** As etcd: an empty store is at revision 1. */
  #revision: Revision = 1
  #compacted: Revision = 0

  constructor(options: MemoryBackendOptions = {}) {
    this.clock = options.clock ?? systemClock
    this.progressMs = options.progressMs ?? 1_000
    this.#leases = new MemoryLeases(this.clock, (keys) => this.#deleteAll(keys))
  }

  get revision(): Revision {
    return this.#revision
  }

  /** The oldest revision still readable, or 0. */
  get compacted(): Revision {
    return this.#compacted
  }

  range(query: RangeQuery): RangeResult {
    const at = query.revision || this.#revision
    if (at < this.#compacted) throw this.compactedError(at)
    if (at > this.#revision) {
      throw new StoreError('STORE_INVALID', `revision ${at} is in the future`)
    }
    const kvs: KeyValue[] = []
    let more = false
    for (const history of this.#histories(query)) {
      const kv = stateAt(history, at)
      if (kv === undefined) continue
      if (kvs.length === query.countMax) {
        more = true
        break
      }
      kvs.push(query.keysOnly ? { ...kv, value: NO_BYTES } : kv)
    }
    return { kvs, revision: this.#revision, more }
  }

  txn(txn: Txn): TxnResult {
    if (!txn.compares.every((compare) => this.#holds(compare))) {
      return { committed: false, revision: this.#revision }
    }
    for (const op of txn.ops) {
      if (op.type === 'put' && op.lease) this.#leases.assertAlive(op.lease)
    }
    const events: StoreEvent[] = []
    const revision = this.#revision + 1
    for (const op of txn.ops) {
      if (op.type === 'put') events.push(this.#put(op.key, op.value, op.lease ?? 0n, revision))
      else if (op.type === 'delete') this.#delete(op.key, revision, events)
      else {
        for (const history of [...this.#index.ascend(op.start, op.end)]) {
          this.#delete(history.key, revision, events)
        }
      }
    }
    this.#commit(revision, events)
    return { committed: true, revision: this.#revision }
  }

  compact(revision: Revision): void {
    if (revision > this.#revision) {
      throw new StoreError('STORE_INVALID', `revision ${revision} is in the future`)
    }
    if (revision <= this.#compacted) return
    this.#commits = this.#commits.filter((commit) => commit.revision >= revision)
    this.#compacted = revision
    this.#index.filter((history) => {
      const newest = history.versions.findLastIndex((version) => version.revision <= revision)
      if (newest > 0) history.versions = history.versions.slice(newest)
      return history.versions.length > 1 || history.versions[0]!.kv !== undefined
    })
    this.#notify()
  }

  grantLease(ttlMs: number): Lease {
    return this.#leases.grant(ttlMs)
  }

  keepLeaseAlive(id: LeaseId): { readonly ttlMs: number } {
    return this.#leases.keepAlive(id)
  }

  revokeLease(id: LeaseId): void {
    this.#leases.revoke(id)
  }

  /** Commits of revisions from `from` on, at most `countMax`. The caller checks {@link compacted}. */
  commits(from: Revision, countMax: number): readonly Commit[] {
    const first = this.#commits[0]?.revision ?? this.#revision + 1
    const at = Math.max(0, from - first)
    return this.#commits.slice(at, at + countMax)
  }

  /** Runs `listener` after every commit and compaction. Returns its end. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  compactedError(revision: Revision): StoreError {
    return new StoreError('STORE_COMPACTED', `revision ${revision} has been compacted`, {
      compactRevision: this.#compacted,
    })
  }

  *#histories(query: RangeQuery): Generator<KeyHistory> {
    const { start, end, descending } = query
    if (end === undefined) {
      const history = this.#index.get(start)
      if (history !== undefined) yield history
    } else yield* descending ? this.#index.descend(start, end) : this.#index.ascend(start, end)
  }

  #newest(key: Key): KeyValue | undefined {
    return this.#index.get(key)?.versions.at(-1)?.kv
  }

  #holds(compare: Compare): boolean {
    const kv = this.#newest(compare.key)
    if (compare.target === 'value') return kv !== undefined && equalBytes(kv.value, compare.equals)
    return (kv?.[compare.target] ?? 0) === compare.equals
  }

  #put(key: Key, value: Uint8Array, lease: LeaseId, revision: Revision): StoreEvent {
    let history = this.#index.get(key)
    if (history === undefined) {
      history = { key: new Uint8Array(key), versions: [] }
      this.#index.insert(history)
    }
    const before = history.versions.at(-1)?.kv
    const kv: KeyValue = {
      key: history.key,
      value: new Uint8Array(value),
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      lease,
    }
    history.versions.push({ revision, kv })
    this.#leases.rebind(history.key, before?.lease ?? 0n, lease)
    return { type: 'put', kv }
  }

  #delete(key: Key, revision: Revision, events: StoreEvent[]): void {
    const history = this.#index.get(key)
    const before = history?.versions.at(-1)?.kv
    if (history === undefined || before === undefined) return
    history.versions.push({ revision, kv: undefined })
    this.#leases.rebind(history.key, before.lease, 0n)
    events.push({ type: 'delete', key: history.key, modRevision: revision })
  }

  /** What a lease takes with it, under one revision. */
  #deleteAll(keys: readonly Key[]): void {
    const events: StoreEvent[] = []
    for (const key of keys) this.#delete(key, this.#revision + 1, events)
    this.#commit(this.#revision + 1, events)
  }

  /** A txn that changed nothing makes no revision. */
  #commit(revision: Revision, events: StoreEvent[]): void {
    if (events.length === 0) return
    this.#revision = revision
    this.#commits.push({ revision, events })
    this.#notify()
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

function stateAt(history: KeyHistory, revision: Revision): KeyValue | undefined {
  const { versions } = history
  const newest = versions.at(-1)!
  if (newest.revision <= revision) return newest.kv
  return versions.findLast((version) => version.revision <= revision)?.kv
}

/** Is the event's key in [start, end)? */
export function isInRange(event: StoreEvent, start: Key, end: Key): boolean {
  const key = event.type === 'put' ? event.kv.key : event.key
  return compareBytes(key, start) >= 0 && compareBytes(key, end) < 0
}
