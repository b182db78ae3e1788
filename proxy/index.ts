/** The proxy's public names. */

export type { Counts, HistogramCounts, HistogramName } from './admin/counts.ts'
export { WORDS as FOUR_LETTER_WORDS, WORDS_OFF } from './admin/four-letter-words.ts'
export { ADMIN_DEFAULT, AdminServer } from './admin/http/admin-server.ts'
export { checkAdminTls } from './admin/http/admin-tls.ts'
export type { AdminOptions, AdminTlsOptions, LogLevel } from './admin/http/options.ts'
export type { ProcessReport, WorkerMetrics } from './admin/process-report.ts'
export { type Metric, sumMetrics } from './admin/sum-metrics.ts'
export type { AuditFormat } from './audit/audit-event.ts'
export { type AuditCounters, AuditFile, type AuditFileOptions } from './audit/audit-file.ts'
export { AuditTrail, type AuditTrailOptions } from './audit/audit-trail.ts'
export type { AuthClient, AuthProvider, ProvenIds } from './auth/auth-provider.ts'
export {
  type AuthProviderCounters,
  AuthProviders,
  type AuthProvidersOptions,
  RESERVED_SCHEMES,
} from './auth/auth-providers.ts'
export type { GuessBounds } from './auth/guesses.ts'
export type { CompareOptions } from './compare/host.ts'
export type { CompareCounts, CompareReport } from './compare/report.ts'
export { COMPARE_DEFAULT, CompareServer } from './compare/server.ts'
export type { Endpoint } from './compare/upstream.ts'
export type { KafkaFinding } from './doctor/kafka/finding.ts'
export {
  examineKafka,
  KAFKA_EXAMINATION_DEFAULT,
  type KafkaExamination,
  type KafkaReport,
} from './doctor/kafka/report.ts'
export type { KafkaState } from './doctor/kafka/state.ts'
export {
  clientSource,
  DoctorError,
  type SeenZnode,
  treeSource,
  type ZnodeSource,
} from './doctor/source.ts'
export type { MemoryFacts, ProxyOptions, Reconfigurable } from './host.ts'
export { parseSaslUsers } from './sasl/users.ts'
export { PROXY_DEFAULT, ProxyServer } from './server.ts'
export {
  type ClientAuthMode,
  SECURE_DEFAULT,
  type SecureOptions,
  TlsError,
  type TlsFiles,
  type TlsVersion,
} from './tls/options.ts'
export { checkSecureOptions } from './tls/secure-context.ts'
export { ZOOKEEPER_VERSION } from './version.ts'
