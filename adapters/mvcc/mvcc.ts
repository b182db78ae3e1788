/**
 * Keys with their history: what a MetadataStore promises about revisions, without I/O. A store
 * applies transactions here, makes them durable in its own way, and publishes them or rolls them
 * back. Neighbours: key-states.ts, commit-log.ts, leases.ts, handle.ts (the contract over it).
 */
import type { Clock } from '../../lib/base/clock.ts'
import { systemClock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { bytesId, equalBytes, NO_BYTES } from '../../lib/store/bytes.ts'
import type {
  Compare,
  Key,
  KeyValue,
  LeaseId,
  RangeQuery,
  RangeResult,
  Revision,
  StoreEvent,
  Txn,
  TxnResult,
} from '../../lib/store/types.ts'
import { type Commit, CommitLog } from './commit-log.ts'
import { type KeyHistory, KeyStates, type MvccBase } from './key-states.ts'
import { Leases, type StoredLease } from './leases.ts'

/** What is applied and not published yet: a durable store must write it. */
export interface Changes {
  /** Newest state of each key touched, by `bytesId`; `kv` undefined: deleted. */
  readonly keys: Map<string, { readonly key: Key; readonly kv: KeyValue | undefined }>
  /** undefined: the lease has ended. */
  readonly leases: Map<LeaseId, StoredLease | undefined>
}

/** How much of the past is kept in memory for reads and watches: what may still be read. */
export interface HistoryBounds {
  /** Kept for a watch that comes back; open watches keep what they have not read. Unit: bytes. */
  readonly idleBytesMax: number
  /** The same in commits. */
  readonly idleCommitsMax: number
  /** Beyond it a watch that is so far behind ends with STORE_COMPACTED. Unit: bytes. */
  readonly bytesMax: number
}

/** The bounds of an {@link Mvcc} that names none. */
export const HISTORY_DEFAULT: HistoryBounds = {
  idleBytesMax: 8 * 2 ** 20,
  idleCommitsMax: 10_000,
  bytesMax: 128 * 2 ** 20,
}

/** Options of {@link Mvcc}. */
export interface MvccOptions {
  /** Drives lease expiry and watch progress. @default systemClock */
  readonly clock?: Clock
  /** Pause between empty batches of a quiet watch. Unit: ms. @default 1000 */
  readonly progressMs?: number
  /** @default none: all keys are in memory */
  readonly base?: MvccBase
  /** The first revision; older ones count as compacted. @default 1, as in an empty etcd */
  readonly revision?: Revision
  /** @default {@link HISTORY_DEFAULT} */
  readonly history?: Partial<HistoryBounds>
  /** A lease is past its deadline: end it with {@link Mvcc.expire}. */
  readonly onLeaseDue?: (id: LeaseId) => void
}

/**
 * The order of a durable write: {@link txn} (judge and apply), the disk, {@link publish}, the
 * answer; or {@link rollback} when the disk refused. Readers see only what is published.
 */
export class Mvcc {
  /** Drives lease expiry and watch progress. */
  readonly clock: Clock
  /** Pause between empty batches of a quiet watch. Unit: ms. */
  readonly progressMs: number
  /** Who owns which key, and until when. */
  readonly leases: Leases
  readonly #keys: KeyStates
  /** Up to #applied. */
  readonly #log = new CommitLog()
  readonly #listeners = new Set<() => void>()
  readonly #watches = new Set<{ readonly position: Revision }>()
  readonly #history: HistoryBounds
  #applied: Revision
  #published: Revision
  #compacted: Revision
  #undo: (() => void)[] = []
  #changes: Changes = { keys: new Map(), leases: new Map() }

  constructor(options: MvccOptions = {}) {
    this.clock = options.clock ?? systemClock
    this.progressMs = options.progressMs ?? 1_000
    this.#history = { ...HISTORY_DEFAULT, ...options.history }
    this.#keys = new KeyStates(options.base)
    this.#applied = options.revision ?? 1
    this.#published = this.#applied
    this.#compacted = options.revision ?? 0
    this.leases = new Leases(this.clock, options.onLeaseDue ?? (() => {}))
  }

  /** The newest published revision. */
  get revision(): Revision {
    return this.#published
  }

  /** The newest revision, published or not. */
  get applied(): Revision {
    return this.#applied
  }

  /** The oldest revision still readable, or 0. */
  get compacted(): Revision {
    return this.#compacted
  }

  /** Roughly the memory of the history since the last compaction. Unit: bytes. */
  get historyBytes(): number {
    return this.#log.bytes
  }

  /** Applied, not published. Emptied by {@link publish} and {@link rollback}. */
  get changes(): Changes {
    return this.#changes
  }

  /** As `MetadataStore.range`. @throws {StoreError} STORE_COMPACTED, STORE_INVALID */
  range(query: RangeQuery): RangeResult {
    const at = query.revision || this.#published
    if (at < this.#compacted) throw this.compactedError(at)
    if (at > this.#published) throw future(at)
    const kvs: KeyValue[] = []
    let more = false
    for (const kv of this.#keys.range(query, at)) {
      if (kvs.length === query.countMax) {
        more = true
        break
      }
      kvs.push(query.keysOnly ? { ...kv, value: NO_BYTES } : kv)
    }
    return { kvs, revision: this.#published, more }
  }

  /** Judges and applies on the newest state, published or not. Readers see it once published. */
  txn(txn: Txn): TxnResult {
    if (!txn.compares.every((compare) => this.#holds(compare))) {
      return { committed: false, revision: this.#applied }
    }
    for (const op of txn.ops) {
      if (op.type === 'put' && op.lease) this.leases.assertAlive(op.lease)
    }
    const events: StoreEvent[] = []
    const revision = this.#applied + 1
    for (const op of txn.ops) {
      if (op.type === 'put') this.#put(op.key, op.value, op.lease ?? 0n, revision, events)
      else if (op.type === 'delete') this.#delete(op.key, revision, events)
      else {
        for (const key of this.#liveKeys(op.start, op.end)) this.#delete(key, revision, events)
      }
    }
    this.#commit(revision, events)
    return { committed: true, revision: this.#applied }
  }

  /** Applies it; the caller publishes. */
  grantLease(ttlMs: number): StoredLease {
    const lease = this.leases.grant(ttlMs)
    this.#changes.leases.set(lease.id, lease)
    this.#undo.push(() => this.leases.remove(lease.id))
    return lease
  }

  /** Ends the lease and deletes its keys under one revision. */
  revokeLease(id: LeaseId): void {
    const removed = this.leases.remove(id)
    if (removed === undefined) return
    this.#changes.leases.set(id, undefined)
    this.#undo.push(removed.undo)
    const events: StoreEvent[] = []
    for (const key of removed.keys) this.#delete(key, this.#applied + 1, events)
    this.#commit(this.#applied + 1, events)
  }

  /** Revokes the lease if it is still past its deadline. */
  expire(id: LeaseId): void {
    if (this.leases.isDue(id)) this.revokeLease(id)
  }

  /** Makes everything that was applied visible to readers and watches. */
  publish(): void {
    this.#undo = []
    this.#changes = { keys: new Map(), leases: new Map() }
    if (this.#published === this.#applied) return
    this.#published = this.#applied
    this.#notify()
    this.#boundHistory()
  }

  /** Undoes everything that was applied and not published. */
  rollback(): void {
    for (const undo of this.#undo.reverse()) undo()
    this.#undo = []
    this.#changes = { keys: new Map(), leases: new Map() }
    this.#log.dropAfter(this.#published)
    this.#applied = this.#published
  }

  /** As `MetadataStore.compact`, of what is in memory. */
  compact(revision: Revision): void {
    if (revision > this.#published) throw future(revision)
    if (revision <= this.#compacted) return
    this.#compacted = revision
    this.#keys.compact(revision, this.#log.dropBefore(revision))
    this.#notify()
  }

  /**
   * Compacts to half of a bound when the history is beyond one, but only what every open watch has read. Beyond
   * `bytesMax` it does not wait for them.
   */
  #boundHistory(): void {
    const { bytesMax, idleBytesMax, idleCommitsMax } = this.#history
    if (this.#log.bytes > bytesMax) return this.#keep(bytesMax / 2, Number.POSITIVE_INFINITY)
    if (this.#log.bytes <= idleBytesMax && this.#log.count <= idleCommitsMax) return
    const wanted = Math.min(...[...this.#watches].map((watch) => watch.position))
    this.#keep(idleBytesMax / 2, idleCommitsMax / 2, wanted)
  }

  #keep(bytesMax: number, commitsMax: number, wanted = Number.POSITIVE_INFINITY): void {
    const excess = this.#log.excess(bytesMax, commitsMax) ?? this.#published
    this.compact(Math.min(excess + 1, wanted, this.#published))
  }

  /** A watch begins, and reads from `watch.position` on. Returns what ends it. */
  watching(watch: { readonly position: Revision }): () => void {
    this.#watches.add(watch)
    return () => this.#watches.delete(watch)
  }

  /**
   * Published commits from revision `from`, at most `countMax`. The caller checks `compacted`.
   * @internal
   */
  commits(from: Revision, countMax: number): readonly Commit[] {
    return this.#log.read(from, this.#published, countMax)
  }

  /** Calls `listener` after every publication and compaction. Returns what removes it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What a read or a watch of that revision fails with. */
  compactedError(revision: Revision): StoreError {
    return new StoreError('STORE_COMPACTED', `revision ${revision} has been compacted`, {
      compactRevision: this.#compacted,
    })
  }

  /**
   * The keys as of now, unpublished changes included. A copy: deleting changes what is iterated.
   */
  #liveKeys(start: Key, end: Key): Key[] {
    return [...this.#keys.range({ start, end }, this.#applied)].map((kv) => kv.key)
  }

  #holds(compare: Compare): boolean {
    const kv = this.#keys.newest(compare.key)
    if (compare.target === 'value') return kv !== undefined && equalBytes(kv.value, compare.equals)
    return (kv?.[compare.target] ?? 0) === compare.equals
  }

  #put(
    given: Key,
    value: Uint8Array,
    lease: LeaseId,
    revision: Revision,
    events: StoreEvent[],
  ): void {
    const history = this.#keys.historyOf(given)
    const { key } = history
    const before = history.versions.at(-1)?.kv
    const kv: KeyValue = {
      key,
      value: new Uint8Array(value),
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      lease,
    }
    this.#change(history, before, { revision, kv })
    events.push({ type: 'put', kv })
  }

  #delete(key: Key, revision: Revision, events: StoreEvent[]): void {
    if (this.#keys.newest(key) === undefined) return
    const history = this.#keys.historyOf(key)
    this.#change(history, history.versions.at(-1)!.kv, { revision, kv: undefined })
    events.push({ type: 'delete', key: history.key, modRevision: revision })
  }

  #change(
    history: KeyHistory,
    before: KeyValue | undefined,
    version: KeyHistory['versions'][number],
  ): void {
    const { key } = history
    const from = before?.lease ?? 0n
    const to = version.kv?.lease ?? 0n
    const remove = this.#keys.add(history, version)
    this.leases.rebind(key, from, to)
    this.#changes.keys.set(bytesId(key), { key, kv: version.kv })
    this.#undo.push(() => {
      remove()
      this.leases.rebind(key, to, from)
    })
  }

  /** A txn that changes nothing makes no revision. */
  #commit(revision: Revision, events: StoreEvent[]): void {
    if (events.length === 0) return
    this.#applied = revision
    this.#log.append({ revision, events })
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

function future(revision: Revision): StoreError {
  return new StoreError('STORE_INVALID', `revision ${revision} is in the future`)
}
