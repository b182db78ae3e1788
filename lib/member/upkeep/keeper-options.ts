/** What a keeper is opened with. Neighbour: keeper. */
import { type Clock, type Random, systemClock } from '../../base/clock.ts'
import { checkNames, optionNames } from '../../base/known-options.ts'
import { type KeeperLimits, LIMITS_DEFAULT } from '../../base/limits.ts'
import { type Logger, silentLogger } from '../../base/log.ts'
import type { AclSchemes } from '../../model/acl-schemes.ts'
import type { DigestOptions } from '../../model/digest-scheme.ts'
import { checkedStore } from '../../store/checked-store.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { UpstreamFactory } from '../commit/upstream.ts'
import type { LoadOptions } from '../tree/load.ts'
import { RecentEntries } from '../tree/recent-entries.ts'

/** Memory for the tree, as the process knows it. */
export interface MemoryGuard {
  /** Requests that make the tree larger are refused. Asked for each of them. */
  isShort(): boolean
  /**
   * Called while a tree is loaded. @throws {StoreError} STORE_NO_MEMORY, when it does not fit
   */
  loading(tree: { readonly nodeCount: number; readonly dataBytes: number }): void
}

/** Options of Keeper.open. */
export interface KeeperOptions extends DigestOptions {
  /** Where the tree is; it stays the caller’s to close. */
  readonly store: MetadataStore
  /** Key prefix in the store. Starts with "/", does not end with it, 4,096 bytes at most. @default "/anykeeper" */
  readonly prefix?: string
  /** Where clients reach this keeper; only for people that read the store. @default "" */
  readonly address?: string
  /** Authentication schemes an ACL may name, besides world and auth. @default digest, ip */
  readonly aclSchemes?: AclSchemes
  /** Bounds and times that differ from {@link LIMITS_DEFAULT}. */
  readonly limits?: Partial<KeeperLimits>
  /**
   * Start also from a tree that is not the one that the store's head names (records are missing), and from
   * records without a head. @default false
   */
  readonly acceptDamagedTree?: boolean
  /** Bounds the tree by the memory of the process. @default no bound */
  readonly memory?: MemoryGuard
  /** @internal Serves clients while the tree follows a ZooKeeper ensemble. @default nobody is served then */
  readonly upstream?: UpstreamFactory
  /** @default systemClock */
  readonly clock?: Clock
  /** @default systemRandom */
  readonly random?: Random
  /** @default silentLogger */
  readonly logger?: Logger
}

const NAMES = optionNames<KeeperOptions>({
  store: true,
  prefix: true,
  address: true,
  aclSchemes: true,
  limits: true,
  acceptDamagedTree: true,
  memory: true,
  upstream: true,
  clock: true,
  random: true,
  logger: true,
  digestEnabled: true,
  digestAlgorithm: true,
  superDigest: true,
})

/** @throws {TypeError} an option, or a limit, is not known */
export function knownOptions(given: KeeperOptions): KeeperOptions {
  checkNames(given, NAMES)
  checkNames(given.limits, Object.keys(LIMITS_DEFAULT), undefined, 'limits')
  // A store of the caller’s own may throw anything: behind this line it is a StoreError.
  return { ...given, store: checkedStore(given.store) }
}

export function loadOptions(options: KeeperOptions, bounds: KeeperLimits): LoadOptions {
  const { acceptDamagedTree = false, logger = silentLogger, memory, clock = systemClock } = options
  const { changesRetainedBytesMax: bytesMax, changesRetentionMs: ageMsMax } = bounds
  return {
    bounds,
    journalKept: {
      bytesMax: bounds.journalKeptBytesMax,
      entriesMax: bounds.journalKeptEntriesMax,
    },
    recent: () => new RecentEntries({ clock, bytesMax, ageMsMax }),
    acceptDamage: acceptDamagedTree,
    onDamage: (damage) => logger.error({ damage }, 'a damaged tree was accepted'),
    ...(memory && { onProgress: (tree) => memory.loading(tree) }),
  }
}
