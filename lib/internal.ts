/** What the proxy, the command line and the tests need of lib beside its public names; no door of the package leads here. */

export { deadline } from './base/deadline.ts'
export type { Faults } from './base/faults.ts'
export { HISTOGRAM_BOUNDS_MS, Histogram, quantileOf } from './base/histogram.ts'
export { checkNames, optionNames, type Refuse } from './base/known-options.ts'
export { LimitedLogger } from './base/limited-logger.ts'
export { silentLogger } from './base/log.ts'
export { onAbort } from './base/on-abort.ts'
export { pause } from './base/pause.ts'
export { readBoundedSync, withoutWaiting } from './base/read-bounded.ts'
export { reasonOf } from './base/reason-of.ts'
export { Turns } from './base/turns.ts'
export { connectOwning } from './client/connect.ts'
export { DELETES_IN_FLIGHT_MAX } from './client/paths.ts'
export { checkTls } from './client/tls-options.ts'
export { openSocket } from './client/wire/open-socket.ts'
export { parseServerUrl } from './client/wire/server-list.ts'
export { decodeHead } from './format/head.ts'
export { Layout, sessionName } from './format/layout.ts'
export type { SessionRecord } from './format/record.ts'
export { SOURCE_COUNTERS, type SourceRecord } from './format/source.ts'
export * from './index.ts'
export { showPosition } from './member/changes/position.ts'
export { OwnTask } from './member/commit/task.ts'
export type { Caller, Planned } from './member/plan/planned.ts'
export type {
  EndReason,
  Session,
  SessionQuery,
  SessionSink,
} from './member/session/session.ts'
export { checkSource } from './migrate/check-source.ts'
export { TARGET_DEFAULT } from './migrate/check-tree.ts'
export { abandonMigration, finishMigration } from './migrate/end-migration.ts'
export type { Finding } from './migrate/finding.ts'
export { type MigrationStatus, migrationStatus } from './migrate/migration-status.ts'
export { followSource } from './migrate/mirror.ts'
export { MIRROR_BOUNDS, type MirrorBounds } from './migrate/mirror-bounds.ts'
export { openSourceFeed } from './migrate/open-source-feed.ts'
export { shown as shownServer } from './migrate/quorum-config.ts'
export type { EnsembleAccess } from './migrate/serve/leader-link.ts'
export { serveWhileFollowing } from './migrate/serve/zookeeper-upstream.ts'
export { SOURCE_BOUNDS, type SourceBounds } from './migrate/source-bounds.ts'
export { SOURCE_SID, type SourceFeedOptions } from './migrate/source-feed.ts'
export { GUARD_BOUNDS, SourceGuard } from './migrate/source-guard.ts'
export { STORED_TREE_DEFAULT, storedTree } from './migrate/stored-tree.ts'
export { TAKE_OVER_DEFAULT, type TakenOver, takeOver } from './migrate/take-over.ts'
export { TimeLimit } from './migrate/time-limit.ts'
export { type Verdict, verifySource } from './migrate/verify-source.ts'
export { SUPER_ID, userOf } from './model/acl.ts'
export { ACL_SCHEMES_DEFAULT } from './model/acl-schemes.ts'
export {
  DIGEST_ALGORITHM_DEFAULT,
  DIGEST_ALGORITHMS,
  DigestScheme,
  isDigest,
} from './model/digest-scheme.ts'
export { parseQuota, type QuotaLimits } from './model/quota.ts'
export * from './model/request.ts'
export { KIND, statOf, type Znode } from './model/znode.ts'
export { LEASE_TTL_MS_MAX, LEASE_TTL_MS_MIN } from './store/checked-store.ts'
export { STORE_MS_DEFAULT } from './transfer/patiently.ts'
export { bytesOfLines } from './transfer/tree-bytes.ts'
