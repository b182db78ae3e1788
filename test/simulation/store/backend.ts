/**
 * The one history that all members agree on: an Mvcc whose newest state is kept beside it, so that a
 * snapshot can be taken and the store restored from it. Neighbours: cluster (who may ask), store-log.
 */
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
  Txn,
  TxnResult,
} from '../../../lib/index.ts'
import type { StoreLog } from './store-log.ts'

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

/** What an operator has saved: every key as it was, and the leases they hang on. */
export interface Snapshot {
  readonly revision: Revision
  readonly kvs: readonly KeyValue[]
  readonly leases: ReadonlyMap<LeaseId, number>
  readonly lastLease: LeaseId
  /** How much of the log it has. */
  readonly logLength: number
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
    const { kvs, revision } = this.mvcc.range(ALL_KEYS)
    return {
      revision,
      kvs,
      leases: new Map(this.#leases),
      lastLease: this.mvcc.leases.lastId,
      logLength: this.#log.entries.length,
    }
  }

  /** As `etcdctl snapshot restore` does; `bump`: with --bump-revision and --mark-compacted. */
  restore(snapshot: Snapshot, bump: number): void {
    this.mvcc.leases.stop()
    this.#newest = new NewestState()
    for (const kv of snapshot.kvs) this.#newest.set(kv.key, kv)
    this.mvcc = new Mvcc({
      clock: this.#clock,
      base: this.#newest,
      revision: snapshot.revision + bump,
      onLeaseDue: this.#onLeaseDue,
    })
    this.#leases = new Map(snapshot.leases)
    const { leases } = this.mvcc
    leases.lastId = snapshot.lastLease
    for (const [id, ttlMs] of snapshot.leases) leases.add({ id, ttlMs })
    for (const { key, lease } of snapshot.kvs) leases.rebind(key, 0n, lease)
    this.#log.rewind(snapshot.logLength)
  }
}
