/** What ZooKeeper's monitor guide and the Grafana dashboard 10465 ask Prometheus for: facts of theirs, as expressions. */

/** The alert rules of the guide, by what they look for. */
export const ALERTS: Readonly<Record<string, string>> = {
  'server is down': 'up == 0',
  'too many znodes': 'znode_count > 1000000',
  'too many connections': 'num_alive_connections > 50',
  'memory of znodes': 'approximate_data_size / 1024 / 1024 > 1 * 1024',
  'too many watches': 'watch_count > 10000',
  'leader election': 'increase(election_time_count[5m]) > 0',
  'too many files': 'open_file_descriptor_count > 300',
  'fsync too long': 'rate(fsynctime_sum[1m]) > 100',
  'snapshot too long': 'rate(snapshottime_sum[5m]) > 100',
  'average latency': 'avg_latency > 100',
  'heap filling up': 'jvm_memory_bytes_used / jvm_memory_bytes_max{area="heap"} > 0.8',
}

/** Names that panels of the dashboard show, and that have a value here; of a leader, the second list. */
export const SHOWN: readonly string[] = [
  ...[
    'znode_count',
    'ephemerals_count',
    'global_sessions',
    'local_sessions',
    'approximate_data_size',
  ],
  ...['packets_received', 'packets_sent', 'bytes_received_count', 'outstanding_requests', 'uptime'],
  ...['watch_count', 'num_alive_connections', 'connection_request_count', 'connection_rejected'],
  ...['sessionless_connections_expired', 'stale_sessions_expired', 'open_file_descriptor_count'],
  ...['avg_latency', 'min_latency', 'max_latency', 'digest_mismatches_count', 'looking_count'],
  ...['fsynctime', 'fsynctime_count', 'fsynctime_sum', 'irate(fsynctime_sum[1m])'],
  ...[
    'readlatency_sum',
    'updatelatency_sum',
    'election_time_sum',
    'snapshottime_sum',
    'snap_count',
  ],
  ...['prep_processor_queue_time_ms_sum', 'prep_process_time_sum', 'commit_process_time_sum'],
  ...[
    'commit_count',
    'jvm_memory_bytes_used',
    'jvm_memory_bytes_max',
    'jvm_memory_pool_bytes_used',
  ],
  ...['jvm_gc_collection_seconds_count', 'jvm_pause_time_ms_sum', 'process_cpu_seconds_total'],
  ...['process_resident_memory_bytes', 'process_open_fds', 'process_max_fds'],
]
export const SHOWN_OF_LEADER: readonly string[] = [
  ...['max(quorum_size)', 'leader_uptime', 'max(learners)', 'max(synced_followers)'],
  ...['max(synced_observers)', 'max(synced_non_voting_followers)'],
]
