/** A store of somebody's own, not behind our door, that fails with what the contract does not name. */
import type { MetadataStore } from '../../lib/index.ts'

/** A method of the store that fails. */
export const FOREIGN_CALLS = [
  'range',
  'txn',
  'watch',
  'grantLease',
  'keepLeaseAlive',
  'revokeLease',
  'compact',
] as const
export type ForeignCall = (typeof FOREIGN_CALLS)[number]

/** How: from the call itself, from its promise, from its promise when the store has done it, or it never says anything. */
export type ForeignFault = 'thrown' | 'rejected' | 'rejected when done' | 'unanswered'

export interface ForeignStore extends MetadataStore {
  /** The calls that fail from now on. */
  failing: { readonly call: ForeignCall; readonly fault: ForeignFault } | undefined
  /** How many have failed. */
  failed: number
}

/** `make`: what it fails with. */
export function foreignStore(inner: MetadataStore, make: () => unknown): ForeignStore {
  const store = {
    failing: undefined,
    failed: 0,
    features: inner.features,
    close: () => inner.close(),
  } as unknown as ForeignStore
  const faultOf = (call: ForeignCall): ForeignFault | undefined => {
    const fault = store.failing?.call === call ? store.failing.fault : undefined
    if (fault !== undefined) store.failed++
    return fault
  }
  for (const call of FOREIGN_CALLS) {
    if (call === 'watch') continue
    const run = inner[call].bind(inner) as (...args: unknown[]) => Promise<unknown>
    const failing = async (fault: ForeignFault, args: unknown[]): Promise<never> => {
      if (fault === 'rejected when done') await run(...args)
      throw make()
    }
    const outer = (...args: unknown[]): Promise<unknown> => {
      const fault = faultOf(call)
      if (fault === 'thrown') throw make()
      if (fault === 'unanswered') return new Promise(() => {})
      return fault === undefined ? run(...args) : failing(fault, args)
    }
    Object.assign(store, { [call]: outer })
  }
  store.watch = (options) => {
    const fault = faultOf('watch')
    if (fault === 'thrown') throw make()
    return fault === undefined ? inner.watch(options) : endingFeed(make)
  }
  return store
}

// biome-ignore lint/correctness/useYield: it fails before there is anything.
async function* endingFeed(make: () => unknown): AsyncGenerator<never> {
  throw make()
}
