/** A store that takes no more than another one does: what it refuses, it refuses as that would. */
import { checkedStore } from '../../lib/store/checked-store.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { StoreFeatures } from '../../lib/store/types.ts'

/** etcd's, with its default request size. */
export const ETCD_SIZES = {
  txnOpsMax: 128,
  txnBytesMax: 1_571_840,
  valueBytesMax: 1_506_240,
} as const

export function narrowStore(
  store: MetadataStore,
  sizes: Pick<StoreFeatures, 'txnOpsMax' | 'txnBytesMax' | 'valueBytesMax'> = ETCD_SIZES,
): MetadataStore {
  return checkedStore({
    features: { ...store.features, ...sizes },
    range: (query) => store.range(query),
    txn: (txn, options) => store.txn(txn, options),
    watch: (options) => store.watch(options),
    grantLease: (options) => store.grantLease(options),
    keepLeaseAlive: (id) => store.keepLeaseAlive(id),
    revokeLease: (id) => store.revokeLease(id),
    compact: (revision) => store.compact(revision),
    close: () => store.close(),
  })
}
