/** The library's public names. proxy/ and everybody else import from here only. */
export {
  type ClientOp,
  type ClientOptions,
  type ClientState,
  type CreateMode,
  type CreateOptions,
  createOp,
  KeeperClient,
  type WatchCallback,
  type WatchEvent,
} from './client/keeper-client.ts'
export { type Clock, type Random, systemClock, systemRandom } from './clock.ts'
export { type AbandonOptions, abandonImport } from './copy/abandon.ts'
export { type ExportOptions, readTree, TreeExport } from './copy/export.ts'
export type { TreeHeader, TreeSummary } from './copy/format.ts'
export {
  checkTree,
  type ImportOptions,
  type ImportProgress,
  type ImportResult,
  importTree,
} from './copy/import.ts'
export type { TreeInput } from './copy/tree-reader.ts'
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
} from './errors.ts'
export { Keeper, type KeeperOptions } from './keeper.ts'
export { type KeeperLimits, LIMITS_DEFAULT } from './limits.ts'
export { type Logger, silentLogger } from './log.ts'
export {
  type ElectionOptions,
  ensurePath,
  LeaderElection,
} from './recipes/leader-election.ts'
export { acquireLock, type HeldLock } from './recipes/lock.ts'
export * from './request.ts'
export { samePassword } from './session/password.ts'
export type {
  EndReason,
  Session,
  SessionQuery,
  SessionSink,
} from './session/session.ts'
export type { OpenedSession } from './session/session-manager.ts'
export type { MetadataStore } from './store/metadata-store.ts'
export type * from './store/types.ts'
export { ACL_SCHEMES_DEFAULT, digestOf, OPEN_ACL, READ_ACL, SUPER_ID } from './znode/acl.ts'
export { type ByteString, fromByteString, toByteString } from './znode/byte-string.ts'
export { Layout, sessionName } from './znode/layout.ts'
export { isValidPath } from './znode/path.ts'
export { decodeChildRecord, decodeHead, decodeZnode } from './znode/record.ts'
