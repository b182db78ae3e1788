/**
 * A store whose next transactions fail on demand: before they are applied, or after, with the
 * outcome unknown to the caller. What a lost reply or a dead connection looks like from above.
 */
import { type MetadataStore, StoreError, type Txn, type TxnResult } from '../../lib/index.ts'

/** before: nothing applied, but the caller cannot know. after: applied, the reply lost. */
export type Fault = 'before' | 'after' | 'refused'

export interface FaultyStore extends MetadataStore {
  /** Faults of the coming transactions, first one first. */
  readonly faults: Fault[]
  /** Runs before each transaction reaches the store. */
  beforeTxn: ((txn: Txn) => void | Promise<void>) | undefined
  readonly txnCount: number
}

export function faultyStore(inner: MetadataStore): FaultyStore {
  let txnCount = 0
  const faults: Fault[] = []
  return {
    features: inner.features,
    faults,
    beforeTxn: undefined,
    get txnCount() {
      return txnCount
    },
    range: (query) => inner.range(query),
    async txn(txn: Txn): Promise<TxnResult> {
      txnCount++
      await this.beforeTxn?.(txn)
      const fault = faults.shift()
      if (fault === 'refused') {
        throw new StoreError('STORE_UNAVAILABLE', 'injected: refused', { outcome: 'unapplied' })
      }
      if (fault === 'before') {
        throw new StoreError('STORE_TIMEOUT', 'injected: request lost', { outcome: 'unknown' })
      }
      const result = await inner.txn(txn)
      if (fault === 'after') {
        throw new StoreError('STORE_TIMEOUT', 'injected: reply lost', { outcome: 'unknown' })
      }
      return result
    },
    watch: (options) => inner.watch(options),
    grantLease: (options) => inner.grantLease(options),
    keepLeaseAlive: (id) => inner.keepLeaseAlive(id),
    revokeLease: (id) => inner.revokeLease(id),
    compact: (revision) => inner.compact(revision),
    close: () => inner.close(),
  }
}
