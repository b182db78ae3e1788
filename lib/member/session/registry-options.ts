/** What a registry of proxies is given, and what it reports. Neighbour: proxy-registry. */
import type { Clock } from '../../base/clock.ts'
import type { Faults } from '../../base/faults.ts'
import type { Logger } from '../../base/log.ts'
import type { Layout } from '../../format/layout.ts'
import type { ProxyRecord } from '../../format/record.ts'
import type { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { LeaseId } from '../../store/types.ts'

export interface ProxyRegistryOptions extends ProxyRegistryCallbacks {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: Faults
  readonly proxy: string
  /** Where clients reach it; for people that read the store. */
  readonly address: string
  readonly ttlMs: number
  /** It serves for so long without a confirmed heartbeat, ms. */
  readonly silenceMsMax: number
  /** The newest format of journal entries that it says it reads: nobody writes a newer one while it lives. */
  readonly journalFormat: number
  /** Znodes that this replica could not read. */
  readonly unreadable: () => number
  /** Our key is about to be written on this lease: what belongs to it is written on it before. Rejects: it is not, and neither is our key. */
  readonly onLease?: (lease: LeaseId) => Promise<void>
}

/** What one of them throws is a fault of our own, and says nothing about the store. */
export interface ProxyRegistryCallbacks {
  /** A heartbeat sent at this monotonic time was confirmed. */
  readonly onHeartbeat: (sentMs: number) => void
  /** A heartbeat was not confirmed, for this reason. */
  readonly onUnconfirmed: (error: StoreError) => void
  readonly onPeerLeft: (proxy: string, record: ProxyRecord) => void
  readonly onPeerJoined: (proxy: string) => void
  /** The list was read that was requested at this monotonic time, and its changes were reported. */
  readonly onListed: (sentMs: number) => void
  /** It reports starvation: it loses every race for head. */
  readonly onPeerStarved: (proxy: string) => void
}

/** A call of one of them never throws. */
export function guardedCallbacks({
  faults,
  onHeartbeat,
  onUnconfirmed,
  onPeerLeft,
  onPeerJoined,
  onListed,
  onPeerStarved,
}: ProxyRegistryOptions): ProxyRegistryCallbacks {
  const callbacks: ProxyRegistryCallbacks = {
    ...{ onHeartbeat, onUnconfirmed, onPeerLeft, onPeerJoined, onListed, onPeerStarved },
  }
  return faults.guarded(callbacks, 'what follows the list of proxies')
}
