/**
 * One store in this process's memory: every transaction is published immediately. It is the model
 * that other adapters are compared with. Neighbours: ../mvcc/mvcc.ts, memory-store.ts.
 */
import type { Clock } from '../../lib/base/clock.ts'
import type { Lease, LeaseId, Revision, Txn, TxnResult } from '../../lib/store/types.ts'
import type { MvccWriter } from '../mvcc/handle.ts'
import { type HistoryBounds, Mvcc } from '../mvcc/mvcc.ts'

export interface MemoryBackendOptions {
  /** Drives lease expiry and watch progress. @default systemClock */
  readonly clock?: Clock
  /** Pause between empty batches of a quiet watch. Unit: ms. @default 1000 */
  readonly progressMs?: number
  /** How much of the past it keeps. @default HISTORY_DEFAULT of mvcc.ts */
  readonly history?: Partial<HistoryBounds>
}

/**
 * Several handles (`openMemoryStore({ backend })`) share its keys, as several processes share one
 * etcd. It lives as long as it is referenced: closing all handles loses nothing.
 */
export class MemoryBackend implements MvccWriter {
  readonly mvcc: Mvcc

  constructor(options: MemoryBackendOptions = {}) {
    const onLeaseDue = (id: LeaseId) => {
      this.mvcc.expire(id)
      this.mvcc.publish()
    }
    this.mvcc = new Mvcc({ ...options, onLeaseDue })
  }

  get revision(): Revision {
    return this.mvcc.revision
  }

  txn(txn: Txn): TxnResult {
    const result = this.mvcc.txn(txn)
    this.mvcc.publish()
    return result
  }

  grantLease(ttlMs: number): Lease {
    const lease = this.mvcc.grantLease(ttlMs)
    this.mvcc.publish()
    return lease
  }

  revokeLease(id: LeaseId): void {
    this.mvcc.revokeLease(id)
    this.mvcc.publish()
  }
}
