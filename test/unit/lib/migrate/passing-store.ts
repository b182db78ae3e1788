/** A store as an object whose methods can be replaced one by one, and what a transaction of it is. */
import type { MetadataStore } from '../../../../lib/index.ts'

export type StoreTxn = Parameters<MetadataStore['txn']>[0]

export function passingStore(store: MetadataStore): MetadataStore {
  return {
    features: store.features,
    range: store.range.bind(store),
    txn: store.txn.bind(store),
    watch: store.watch.bind(store),
    grantLease: store.grantLease.bind(store),
    keepLeaseAlive: store.keepLeaseAlive.bind(store),
    revokeLease: store.revokeLease.bind(store),
    compact: store.compact.bind(store),
    close: store.close.bind(store),
  }
}

/** It is to commit an entry of the journal; not one that is only tried, whose condition never holds. */
export function commitsEntry({ compares, ops }: StoreTxn): boolean {
  const isTried = compares.some(({ target }) => target === 'version')
  const hasEntry = ops.some(
    (op) => op.type === 'put' && Buffer.from(op.key).toString().includes('/j/'),
  )
  return hasEntry && !isTried
}
