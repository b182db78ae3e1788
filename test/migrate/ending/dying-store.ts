/** A store whose user is ended, or which is stopped, at one of the operations that it is sent. */
import type { MetadataStore, Txn } from '../../../lib/index.ts'

/**
 * `record`: the one that writes a take-over into the record of the migration; `entry`: the first of a transaction of the ensemble; a
 * number: that one, from 0 on.
 */
export type At = number | 'record' | 'takeOver' | 'entry'

export interface DyingOptions {
  readonly at: At
  /** Is it called before the store gets the operation, or when it has been done? */
  readonly how: 'before' | 'after'
  readonly onReached: () => void
}

export function dyingStore(inner: MetadataStore, { at, how, onReached }: DyingOptions) {
  let count = 0
  let wasReached = false
  // Once: what is sent again must not stop what has been continued meanwhile.
  const reached = (): void => {
    if (!wasReached) onReached()
    wasReached = true
  }
  const run = async <T>(attempt: () => Promise<T>, txn?: Txn): Promise<T> => {
    const number = count++
    const isIt = typeof at === 'number' ? number === at : txn !== undefined && isKind(txn, at)
    if (isIt && how === 'before') reached()
    const result = await attempt()
    if (isIt && how === 'after') reached()
    return result
  }
  const store: MetadataStore = {
    features: inner.features,
    range: (query) => run(() => inner.range(query)),
    txn: (txn) => run(() => inner.txn(txn), txn),
    watch: (options) => inner.watch(options),
    grantLease: (options) => run(() => inner.grantLease(options)),
    keepLeaseAlive: (id) => inner.keepLeaseAlive(id),
    revokeLease: (id) => inner.revokeLease(id),
    compact: (revision) => inner.compact(revision),
    close: () => inner.close(),
  }
  return store
}

function isKind({ compares, ops }: Txn, at: Exclude<At, number>): boolean {
  // One that is only tried compares a version, which never is.
  if (compares.some(({ target }) => target === 'version')) return false
  return ops.some((op) => {
    if (op.type !== 'put') return false
    const [key, value] = [Buffer.from(op.key).toString(), Buffer.from(op.value).toString()]
    if (at === 'record') return key.endsWith('/source') && value.includes('"phase":"taken"')
    if (at === 'entry') return /\/j\/[0-9a-f]+$/.test(key)
    return key.endsWith('/head') && !value.includes('"mirrors":true')
  })
}
