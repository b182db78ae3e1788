/**
 * The fields in which a command differs from ZooKeeper 3.9.5's, each with the reason: docs/observe.md has the same. A pattern stands
 * for whole families of metrics.
 */
export interface Difference {
  readonly command: string
  /** Of the field, with the fields that it is in before it: "server_stats.uptime". */
  readonly field: RegExp
  readonly reason: string
}

const STAGES = 'a stage of ZooKeeper’s request processors, which are not here'
const QUORUM = 'of the protocol between servers, which is not here'
const TLS = 'of TLS between servers, or of a secure port'
const CACHE = 'replies are encoded each time'
const MEASURED = 'sizes and times of single replies are not kept'

/** ZooKeeper has them, and anykeeper does not. */
export const missingHere: readonly Difference[] = [
  { command: 'connections', field: /interest_ops$/, reason: 'of Java’s selectors' },
  { command: 'connections', field: /last_(?:latency|response_time)$/, reason: MEASURED },
  {
    command: 'stats',
    field: /connections\.interest_ops$/,
    reason: MEASURED,
  },
  { command: 'stats', field: /non_mtls/, reason: TLS },
  { command: 'server_stats', field: /non_mtls/, reason: TLS },
  { command: 'environment', field: /^java\./, reason: 'of Java' },
  {
    command: 'environment',
    field: /^user\.(?:home|dir)$/,
    reason: 'paths of the machine are nobody’s business',
  },
  {
    command: 'environment',
    field: /^os\.memory\.(?:free|max|total)$/,
    reason: 'of Java’s heap: see /metrics',
  },
  { command: 'system_properties', field: /./, reason: 'of Java' },
  {
    command: 'dump',
    field: /^expiry_time_to_session_ids$/,
    reason: 'sessions expire at the proxy that has them: session_timeout_to_session_ids',
  },
  { command: 'last_snapshot', field: /^(?:zxid|timestamp)$/, reason: 'there are no snapshots' },
  { command: 'get_trace_mask', field: /^tracemask$/, reason: 'there is no trace mask' },
  { command: 'monitor', field: /^(?:avg|cnt|max|min|sum|p\d+)_/, reason: STAGES },
  { command: 'monitor', field: /client_response_size$|^watch_bytes$/, reason: MEASURED },
  {
    command: 'monitor',
    field: /(?:tls|ensemble_auth|mtls|insecure_admin|unsuccessful_handshake)/,
    reason: TLS,
  },
  { command: 'monitor', field: /^response_packet_/, reason: CACHE },
  {
    command: 'monitor',
    field:
      /^(?:learner|diff|snap_|snapshot|restore|commit_|proposal|looking|revalidate|connection_revalidate|quit_leading|unrecoverable|digest_mismatches|skip_learner|requests_not_forwarded|request_commit)/,
    reason: QUORUM,
  },
  {
    command: 'monitor',
    field:
      /^(?:prep_processor|sync_processor|outstanding_changes|stale_re|throttled|request_throttle|large_requests|dead_watchers|add_dead_watcher|cnxn_closed|connection_drop)/,
    reason: STAGES,
  },
]

/** anykeeper has them, and ZooKeeper does not. */
export const onlyHere: readonly Difference[] = [
  { command: 'monitor', field: /^anykeeper_/, reason: 'of anykeeper' },
  { command: 'environment', field: /^(?:node\.version|os\.memory\.rss)$/, reason: 'of Node' },
  { command: 'system_properties', field: /^(?:node|v8|heap|os)\./, reason: 'of Node' },
  {
    command: 'dump',
    field: /^session_timeout_to_session_ids$/,
    reason: 'see expiry_time_to_session_ids',
  },
  {
    command: 'hash',
    field: /^digests\.(?:zxid|digest|digest_version)$/,
    reason: 'ZooKeeper has none in its first minutes',
  },
]
