/** Where /metrics differs from the Prometheus provider of ZooKeeper 3.9: docs/observe.md has the same by family. */

/** ZooKeeper exports them, and anykeeper does not. */
export const WITHOUT: readonly { readonly names: RegExp; readonly reason: string }[] = [
  {
    names:
      /commit_?proc|_final_proc_|session_queue|prep_processor_(?:queue_size|request_queued)|^requests?_(?:commit_queued|not_forwarded)|^close_session_prep_time$|^outstanding_changes_|^(?:local|server)_write_committed_time_ms$|^pending_session_queue_size$|^session_queues_drained$|commit_processor/,
    reason: 'a stage of ZooKeeper’s request processors: anykeeper_write_stage_seconds has its own',
  },
  {
    names: /^sync_process/,
    reason: 'of the thread that writes the log: fsynctime is a commit to the store',
  },
  {
    names:
      /^(?:learner_|om_|inflight_|ensemble_auth_|quorum_|proposal_|skip_learner_)|_sync_time$|^(?:ack|propagation|commit_propagation)_latency$|^diff_count$|^leader_unavailable_time$|^quit_leading_due_to_disloyal_voter$/,
    reason: 'of the protocol between servers, which is not here',
  },
  {
    names:
      /^(?:snapshot|restore)_(?:error_count|rate_limited_count|time)$|^startup_|^dbinittime$|^unrecoverable_error_count$/,
    reason:
      'there are no snapshots and no transaction log; the load of the tree has lines in the log',
  },
  {
    names:
      /^connection_(?:drop_|token_deficit)|^request_throttle_|^throttled_ops$|^large_requests_/,
    reason: 'throttling is by other bounds: anykeeper_… of mntr, under Limits in configuration.md',
  },
  {
    names: /^stale_(?:requests?|replies)|^socket_closing_time$|^cnxn_closed_without_zk_server/,
    reason: 'of threads that answer closed connections',
  },
  {
    names: /^response_packet_|_client_response_size$|^netty_/,
    reason: 'of caches and buffers: replies are encoded each time',
  },
  {
    names: /^(?:add_)?dead_watcher|^watch_bytes$|^node_(?:changed|children|created|deleted)_watch/,
    reason: 'of the way in which watches are kept: watch_count has them',
  },
  { names: /_per_namespace$/, reason: 'one name for each child of the root would be unbounded' },
  { names: /^(?:connection_)?revalidate_count$/, reason: 'sessions need no leader’s word' },
  { names: /^unavailable_time$/, reason: 'election_time and looking_count are the same here' },
  {
    names: /^non_mtls_|^insecure_admin_count$/,
    reason: 'a port is either plain or takes TLS, and says so in its configuration',
  },
  {
    names: /^jvm_/,
    reason: 'of Java alone: those that rules about memory ask for are V8’s',
  },
]

/** Counted up here, and set there: a rate means the same. */
export const OTHER_TYPES: Readonly<Record<string, string>> = {
  auth_failed_count: 'counter',
  packets_received: 'counter',
  packets_sent: 'counter',
}
