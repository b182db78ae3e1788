/** The library's public names. Importers outside lib use no other file, but for lib/internal.ts and lib/protocol. */

export { type Clock, type Random, systemClock, systemRandom } from './base/clock.ts'
export { type KeeperLimits, LIMITS_DEFAULT } from './base/limits.ts'
export { type Logger, silentLogger } from './base/log.ts'
export {
  Cache,
  type CacheListener,
  type CacheOptions,
  type CacheSource,
} from './client/cache/cache.ts'
export type { CacheDelta, ZnodeDelta } from './client/cache/cache-delta.ts'
export type { CachedZnode, CacheImage } from './client/cache/cache-image.ts'
export type { CallOptions } from './client/call-options.ts'
export { CallbackError } from './client/callback-faults.ts'
export type {
  ClientAuth,
  ClientOptions,
  ClientState,
  StateListener,
} from './client/client-options.ts'
export { connect } from './client/connect.ts'
export {
  type ClientOp,
  type CreateMode,
  type CreateOptions,
  createOp,
  type ReadOp,
  type ReadResult,
} from './client/operations.ts'
export {
  createOrSet,
  type DeleteRecursiveOptions,
  deleteRecursive,
  ensurePath,
  type MkdirpOptions,
  mkdirp,
  walk,
} from './client/paths.ts'
export {
  AtomicCounter,
  type CounterChange,
  type CounterOptions,
} from './client/recipes/atomic-counter.ts'
export { Barrier } from './client/recipes/barrier.ts'
export type { CacheEntry } from './client/recipes/cache-entry.ts'
export type { Participant } from './client/recipes/candidacy.ts'
export { ConfigValue, type ConfigValueOptions } from './client/recipes/config-value.ts'
export type { ContenderLayout } from './client/recipes/contender-name.ts'
export type { CounterLayout } from './client/recipes/counter-codec.ts'
export { DoubleBarrier, type DoubleBarrierOptions } from './client/recipes/double-barrier.ts'
export { GroupMember, type GroupOptions } from './client/recipes/group-member.ts'
export type { GroupLayout, GroupMembers } from './client/recipes/group-view.ts'
export type { Held } from './client/recipes/holding.ts'
export type { PersistentNodeMode } from './client/recipes/kept-znode.ts'
export { type LatchOptions, LeaderLatch } from './client/recipes/leader-latch.ts'
export { LeaderSelector, type SelectorOptions } from './client/recipes/leader-selector.ts'
export { type ClaimedElement, LockingQueue } from './client/recipes/locking-queue.ts'
export { type LockOptions, Mutex, type MutexOptions } from './client/recipes/mutex.ts'
export {
  NodeCache,
  type NodeCacheListener,
  type NodeCacheOptions,
} from './client/recipes/node-cache.ts'
export { PersistentNode, type PersistentNodeOptions } from './client/recipes/persistent-node.ts'
export {
  PriorityQueue,
  Queue,
  type QueueElement,
  type QueueLayout,
  type QueueOptions,
} from './client/recipes/queue.ts'
export type { QueuePutOptions } from './client/recipes/queue-entries.ts'
export { type LockSide, ReadWriteLock } from './client/recipes/read-write-lock.ts'
export { type LeaseOptions, Semaphore, type SemaphoreOptions } from './client/recipes/semaphore.ts'
export {
  type NewServiceInstance,
  ServiceDiscovery,
  type ServiceDiscoveryOptions,
} from './client/recipes/service-discovery.ts'
export type {
  ServiceInstance,
  ServiceType,
  ServiceUriSpec,
} from './client/recipes/service-instance.ts'
export {
  type ProviderStrategy,
  ServiceProvider,
  type ServiceProviderOptions,
} from './client/recipes/service-provider.ts'
export {
  SharedCount,
  type SharedCountOptions,
  type VersionedCount,
} from './client/recipes/shared-count.ts'
export {
  TreeCache,
  type TreeCacheEvent,
  type TreeCacheListener,
  type TreeCacheOptions,
} from './client/recipes/tree-cache.ts'
export type { WaitOptions } from './client/recipes/wait-scope.ts'
export type { ClientTls, TlsBytes } from './client/tls-options.ts'
export { Transaction } from './client/transaction.ts'
export {
  type Codec,
  CodecError,
  jsonCodec,
  TypedZooKeeper,
  textCodec,
} from './client/typed-values.ts'
export type { WatchStreamOptions } from './client/watch-stream.ts'
export type { WatchCallback, WatchEvent, WatchMode } from './client/watches.ts'
export { ZooKeeper } from './client/zookeeper.ts'
export { Keeper } from './member/keeper.ts'
export type { Finding, FindingKind } from './member/tree/damage.ts'
export type { KeeperOptions, MemoryGuard } from './member/upkeep/keeper-options.ts'
export { OPEN_ACL, READ_ACL } from './model/acl.ts'
export type { AclSchemes, IdCheck } from './model/acl-schemes.ts'
export { type ByteString, fromByteString, toByteString } from './model/byte-string.ts'
export type * from './model/change.ts'
export { type DigestOptions, digestOf } from './model/digest-scheme.ts'
export {
  ChangesError,
  type ChangesErrorCode,
  CopyError,
  type CopyErrorCode,
  isKeeperError,
  KeeperError,
  StoreError,
  type StoreErrorCode,
  type StoreOutcome,
  WireError,
  ZK_ERRORS,
  type ZkErrorRow,
  ZnodeError,
  type ZnodeErrorCode,
} from './model/errors.ts'
export { isValidPath } from './model/path.ts'
export {
  type Acl,
  type AuthId,
  type CheckRequest,
  CREATE_FLAGS,
  type CreateRequest,
  type DeleteRequest,
  EVENT,
  type EventType,
  type MultiResult,
  PERMS,
  type SetDataRequest,
  type Stat,
} from './model/request.ts'
export type { MetadataStore } from './store/metadata-store.ts'
export type * from './store/types.ts'
export { type AbandonOptions, abandonImport } from './transfer/abandon.ts'
export { countZnodes } from './transfer/count.ts'
export { type ExportOptions, readTree, TreeExport } from './transfer/export.ts'
export type { TreeHeader, TreeSummary } from './transfer/format.ts'
export {
  checkTree,
  type ImportOptions,
  type ImportProgress,
  type ImportResult,
  importTree,
} from './transfer/import.ts'
export { type RepairOptions, type RepairReport, repairTree } from './transfer/repair.ts'
export type { TreeInput } from './transfer/tree-reader.ts'
export type { ByteChunks } from './transfer/zookeeper/byte-source.ts'
export type { ZookeeperFolder } from './transfer/zookeeper/data-files.ts'
export type { ZookeeperFindings } from './transfer/zookeeper/finished-tree.ts'
export {
  readZookeeper,
  type ZookeeperOptions,
  type ZookeeperRestore,
} from './transfer/zookeeper/restore.ts'
export {
  type ZookeeperSnapshot,
  zookeeperSnapshot,
} from './transfer/zookeeper/snapshot-encoder.ts'
