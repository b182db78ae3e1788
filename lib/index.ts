/** The library's public names: importers outside lib use no other file, but for lib/protocol. */

export { type Clock, type Random, systemClock, systemRandom } from './base/clock.ts'
export { deadline } from './base/deadline.ts'
export { type KeeperLimits, LIMITS_DEFAULT } from './base/limits.ts'
export { type Logger, silentLogger } from './base/log.ts'
export { CallbackError } from './client/callback-faults.ts'
export type { ClientOptions, ClientState } from './client/client-options.ts'
export { KeeperClient } from './client/keeper-client.ts'
export {
  type ClientOp,
  type CreateMode,
  type CreateOptions,
  createOp,
} from './client/operations.ts'
export {
  createOrSet,
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
export type { Participant } from './client/recipes/candidacy.ts'
export type { ContenderLayout } from './client/recipes/contender-name.ts'
export type { CounterLayout } from './client/recipes/counter-codec.ts'
export { GroupMember, type GroupOptions } from './client/recipes/group-member.ts'
export type { GroupLayout, GroupMembers } from './client/recipes/group-view.ts'
export type { Held } from './client/recipes/holding.ts'
export type { PersistentNodeMode } from './client/recipes/kept-znode.ts'
export { type LatchOptions, LeaderLatch } from './client/recipes/leader-latch.ts'
export { LeaderSelector, type SelectorOptions } from './client/recipes/leader-selector.ts'
export { type ClaimedElement, LockingQueue } from './client/recipes/locking-queue.ts'
export { Mutex, type MutexOptions } from './client/recipes/mutex.ts'
export { PersistentNode, type PersistentNodeOptions } from './client/recipes/persistent-node.ts'
export {
  PriorityQueue,
  Queue,
  type QueueElement,
  type QueueLayout,
  type QueueOptions,
} from './client/recipes/queue.ts'
export {
  SharedCount,
  type SharedCountOptions,
  type VersionedCount,
} from './client/recipes/shared-count.ts'
export type { WaitOptions } from './client/recipes/wait-scope.ts'
export type { WatchCallback, WatchEvent } from './client/watches.ts'
export { decodeHead } from './format/head.ts'
export { Layout, sessionName } from './format/layout.ts'
export { decodeChildRecord, decodeZnode } from './format/record.ts'
export { Keeper } from './member/keeper.ts'
export { samePassword } from './member/session/password.ts'
export type {
  EndReason,
  Session,
  SessionQuery,
  SessionSink,
} from './member/session/session.ts'
export type { OpenedSession } from './member/session/session-manager.ts'
export type { Finding, FindingKind } from './member/tree/damage.ts'
export type { KeeperOptions, MemoryGuard } from './member/upkeep/keeper-options.ts'
export { ACL_SCHEMES_DEFAULT, digestOf, OPEN_ACL, READ_ACL, SUPER_ID } from './model/acl.ts'
export { type ByteString, fromByteString, toByteString } from './model/byte-string.ts'
export {
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
export * from './model/request.ts'
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
