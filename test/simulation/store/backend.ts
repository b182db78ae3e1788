/**
 * The one history that all members agree on: an Mvcc whose newest state is kept beside it, so that a
 * snapshot can be taken and the store restored from it. Neighbours: cluster (who may ask), store-log.
 */
import type { Commit } from '../../../adapters/mvcc/commit-log.ts'
import { KeyIndex } from '../../../adapters/mvcc/key-index.ts'
import type { MvccBase } from '../../../adapters/mvcc/key-states.ts'
import { Mvcc } from '../../../adapters/mvcc/mvcc.ts'
import type {
  Clock,
  Key,
  KeyValue,
  Lease,
  LeaseId,
  Revision,
  StoreEvent,
  Txn,
  TxnResult,
  WriteOp,
} from '../../../lib/index.ts'
import type { LogEntry, StoreLog } from './store-log.ts'

interface Item {
  readonly key: Key
  kv: KeyValue
}

class NewestState implements MvccBase {
  readonly #index = new KeyIndex<Item>()

  get(key: Key): KeyValue | undefined {
    return this.#index.get(key)?.kv
  }
  *ascend(start: Key, end: Key): Generator<KeyValue> {
    for (const { kv } of this.#index.ascend(start, end)) yield kv
  }
  *descend(start: Key, end: Key): Generator<KeyValue> {
    for (const { kv } of this.#index.descend(start, end)) yield kv
  }
  set(key: Key, kv: KeyValue | undefined): void {
    if (kv === undefined) return this.#index.remove(key)
    const item = this.#index.get(key)
    if (item === undefined) this.#index.insert({ key, kv })
    else item.kv = kv
  }
}

/** What an operator has saved: the store as it was, its history since the last compaction included. */
export interface Snapshot {
  /** Every key as of this revision, and what came after it. */
  readonly base: { readonly revision: Revision; readonly kvs: readonly KeyValue[] }
  readonly commits: readonly Commit[]
  readonly leases: ReadonlyMap<LeaseId, number>
  readonly entries: readonly LogEntry[]
}

/** As `etcdctl snapshot restore` does it; a volume snapshot is the same without options. */
export interface RestoreOptions {
  /** --bump-revision, and --mark-compacted with it. 0: neither. */
  readonly bump: number
}

export const ALL_KEYS = { start: Uint8Array.of(0), end: Uint8Array.of(0xff, 0xff, 0xff) }

export class Backend {
  mvcc: Mvcc
  readonly #clock: Clock
  readonly #log: StoreLog
  readonly #onLeaseDue: (id: LeaseId) => void
  #newest = new NewestState()
  #leases = new Map<LeaseId, number>()

  constructor(clock: Clock, log: StoreLog, onLeaseDue: (id: LeaseId) => void) {
    this.#clock = clock
    this.#log = log
    this.#onLeaseDue = onLeaseDue
    this.mvcc = new Mvcc({ clock, base: this.#newest, onLeaseDue })
  }

  txn(txn: Txn): TxnResult {
    const result = this.mvcc.txn(txn)
    this.#publish()
    return result
  }

  grantLease(ttlMs: number): Lease {
    const lease = this.mvcc.grantLease(ttlMs)
    this.#leases.set(lease.id, ttlMs)
    this.#publish()
    return lease
  }

  revokeLease(id: LeaseId): void {
    this.mvcc.revokeLease(id)
    this.#leases.delete(id)
    this.#publish()
  }

  expireLease(id: LeaseId): void {
    this.mvcc.expire(id)
    if (!this.mvcc.leases.isDue(id)) this.#leases.delete(id)
    this.#publish()
  }

  #publish(): void {
    const { mvcc } = this
    const before = mvcc.revision
    for (const { key, kv } of mvcc.changes.keys.values()) this.#newest.set(key, kv)
    mvcc.publish()
    if (mvcc.revision > before) this.#log.add(mvcc.commits(before + 1, 1_000))
  }

  leaseIds(): LeaseId[] {
    return [...this.#leases.keys()]
  }

  snapshot(): Snapshot {
    const { mvcc } = this
    const revision = Math.max(mvcc.compacted, 1)
    const kvs = revision === 1 ? [] : mvcc.range({ ...ALL_KEYS, revision }).kvs
    return {
      base: { revision, kvs },
      commits: mvcc.commits(revision + 1, Number.MAX_SAFE_INTEGER),
      leases: new Map(this.#leases),
      entries: [...this.#log.entries],
    }
  }

  restore({ base, commits, leases, entries }: Snapshot, { bump }: RestoreOptions): void {
    this.#begin(base.revision, base.kvs, leases)
    for (const { events } of commits) this.#redo(events, leases)
    if (bump > 0) {
      const { kvs, revision } = this.mvcc.range(ALL_KEYS)
      this.#begin(revision + bump, kvs, leases)
    }
    this.#log.replace(entries)
  }

  #begin(revision: Revision, kvs: readonly KeyValue[], leases: Snapshot['leases']): void {
    // etcd gives no id of a lease twice.
    const { lastId } = this.mvcc.leases
    this.mvcc.leases.stop()
    this.#newest = new NewestState()
    for (const kv of kvs) this.#newest.set(kv.key, kv)
    this.mvcc = new Mvcc({
      clock: this.#clock,
      base: this.#newest,
      ...(revision === 1 ? {} : { revision }),
      onLeaseDue: this.#onLeaseDue,
    })
    this.#leases = new Map(leases)
    this.mvcc.leases.lastId = lastId
    for (const [id, ttlMs] of leases) this.mvcc.leases.add({ id, ttlMs })
    for (const { key, lease } of kvs) this.mvcc.leases.rebind(key, 0n, lease)
  }

  /** A commit of the snapshot once more, under the revision that it had. */
  #redo(events: readonly StoreEvent[], leases: Snapshot['leases']): void {
    const { mvcc } = this
    const ops = events.map((event): WriteOp => {
      if (event.type === 'delete') return { type: 'delete', key: event.key }
      const { key, value, lease } = event.kv
      // Of a lease that ended since: a later commit deletes the key.
      return leases.has(lease) ? { type: 'put', key, value, lease } : { type: 'put', key, value }
    })
    mvcc.txn({ compares: [], ops })
    for (const { key, kv } of mvcc.changes.keys.values()) this.#newest.set(key, kv)
    mvcc.publish()
  }
}
