/**
 * The lines of mntr, `zk_<name>\t<value>`: ZooKeeper's metrics first, then our own.
 * Neighbours: four-letter-words, sum-metrics (several processes).
 */
import type { StoreSpace } from '../../lib/index.ts'
import { SOURCE_COUNTERS } from '../../lib/internal.ts'
import type { ProxyHost } from '../host.ts'
import type { Latency } from '../stats.ts'
import { BUILT_ON, ZOOKEEPER_VERSION } from '../version.ts'
import { type Ensemble, ensembleOf } from './ensemble.ts'
import type { Metric } from './sum-metrics.ts'

/** Of this process. */
export function metrics(server: ProxyHost): Metric[] {
  const { keeper, stats, connections, outputChunks } = server
  const { replica, watches, committer } = keeper
  const { counters } = committer
  const ensemble = ensembleOf(keeper)
  return [
    ['version', `${ZOOKEEPER_VERSION}, built on ${BUILT_ON}`],
    ['server_state', ensemble.mode],
    ['avg_latency', stats.latency.averageMs.toFixed(4)],
    ['max_latency', Math.round(stats.latency.maxMs)],
    ['min_latency', Math.round(stats.latency.minMs)],
    ['packets_received', stats.packetsReceived],
    ['packets_sent', stats.packetsSent],
    ['num_alive_connections', connections.size],
    ['outstanding_requests', committer.queueLength],
    ['znode_count', replica.tree.nodeCount],
    ['watch_count', watches.watchCount],
    ['ephemerals_count', replica.tree.ephemeralCount],
    ['approximate_data_size', replica.tree.dataBytes],
    ['global_sessions', replica.sessions.size],
    ['local_sessions', 0],
    ['uptime', Date.now() - server.startedMs],
    ...fileDescriptors(server),
    ...updateLatency(stats.updates),
    ...ensembleMetrics(ensemble, server),
    ['bytes_received_count', stats.bytesReceived],
    ['response_bytes', stats.bytesSent],
    ['connection_request_count', stats.connectionsAccepted],
    ['connection_rejected', stats.connectionsRejected],
    ['sessionless_connections_expired', stats.sessionlessDropped],
    ['stale_sessions_expired', keeper.sessions.expiredCount],
    ['auth_failed_count', stats.authFailed],
    ['anykeeper_unauthenticated_refused', stats.unauthenticatedRefused],
    ['anykeeper_auth_throttled', server.guesses.throttled],
    ['anykeeper_auth_failure_addresses', server.guesses.size],
    ...optional(server),
    ['unsuccessful_handshake', stats.tlsHandshakesFailed],
    ['tls_handshake_exceeded', stats.tlsHandshakesExceeded],
    ['outstanding_tls_handshake', server.door?.handshakesInProgress ?? 0],
    ...tls(server),
    ['anykeeper_worker', server.options.worker],
    ['anykeeper_serving', keeper.isServing ? 1 : 0],
    ['anykeeper_standby', isStandby(keeper) ? 1 : 0],
    ['anykeeper_own_pauses', keeper.servingCounters.ownPauses],
    ['anykeeper_outages', keeper.servingCounters.outages],
    ['anykeeper_well', keeper.trouble === undefined ? 1 : 0],
    ['anykeeper_commit_stalled_ms', Math.round(committer.progress.stalledMs)],
    ['anykeeper_write_behind_stalled_ms', Math.round(keeper.flushStalledMs)],
    ...loopDelay(server),
    ['anykeeper_accepts_failed', stats.acceptsFailed],
    ['anykeeper_descriptor_shortages', server.descriptors.shortages],
    ['anykeeper_log_lines_left_out', keeper.logLinesLeftOut],
    ['anykeeper_log_lines_dropped', server.options.log?.dropped ?? 0],
    ['anykeeper_own_faults', keeper.faults.count],
    ...source(keeper),
    ...forwarding(keeper),
    ['anykeeper_proxies', keeper.registry.peers.size],
    ['anykeeper_reads', stats.reads],
    ['anykeeper_writes', stats.writes],
    ['anykeeper_events_sent', stats.eventsSent],
    ['anykeeper_malformed_connections', stats.malformedDropped],
    ['anykeeper_malformed_requests', stats.malformedRequests],
    ['anykeeper_unimplemented_requests', stats.unimplemented],
    ['anykeeper_commit_batches', counters.batches],
    ['anykeeper_commit_requests', counters.requests],
    ['anykeeper_commit_conflicts', counters.conflicts],
    ['anykeeper_commit_unknown_outcomes', counters.unknownOutcomes],
    ['anykeeper_store_full', committer.full.forMs > 0 ? 1 : 0],
    ['anykeeper_writes_refused_no_space', counters.noSpaceRefusals],
    ['anykeeper_writes_waited_for_space', counters.spaceWaits],
    ['anykeeper_writes_waiting_for_space', committer.space.waiting],
    ['anykeeper_quota_refusals', committer.quotaGuard?.refused ?? 0],
    ['anykeeper_quota_soft_exceeded', committer.quotaGuard?.exceeded ?? 0],
    ['anykeeper_flushed_keys', counters.flushedKeys],
    ['anykeeper_backlog_keys', replica.backlog.size],
    ['anykeeper_journal_bytes', replica.journal.bytes],
    ['anykeeper_output_kept_bytes', outputChunks.keptBytes],
    ['anykeeper_request_bytes', server.requestBytes.bytes],
    ['anykeeper_request_bytes_peak', server.requestBytes.peakBytes],
    ['anykeeper_request_budget_waits', server.requestBytes.waits],
    ['anykeeper_reply_bytes', server.replyBytes.bytes],
    ['anykeeper_reply_bytes_peak', server.replyBytes.peakBytes],
    ['anykeeper_slow_readers_dropped', stats.slowReadersDropped],
    ['anykeeper_listings_refused', server.listings.refused],
    ['anykeeper_listings_unread', server.listings.unread],
    ['anykeeper_slices_used', stats.slicesUsed],
    ['anykeeper_compactions', keeper.upkeep.compactionCount],
    ['anykeeper_compactions_refused', keeper.upkeep.compactionRefusals],
    ...spaceOf(keeper.upkeep.space),
    ['anykeeper_maintenance_compactions', keeper.upkeep.maintenance.compacted],
    ['anykeeper_maintenance_defragmentations', keeper.upkeep.maintenance.defragmented],
    ['anykeeper_maintenance_disarms', keeper.upkeep.maintenance.disarmed],
    ['anykeeper_maintenance_failures', keeper.upkeep.maintenance.failed],
    ['anykeeper_changes_open', keeper.changeLog.openCount],
    ['anykeeper_changes_opened', keeper.changeLog.counters.opened],
    ['anykeeper_changes_slow', keeper.changeLog.counters.slow],
    ['anykeeper_changes_gone', keeper.changeLog.counters.gone],
    ['anykeeper_changes_retained_bytes', keeper.changeLog.recent.bytes],
    ['anykeeper_resyncs', keeper.resyncCount],
    ['anykeeper_history_losses', keeper.historyLossCount],
    ['anykeeper_feed_catch_ups', keeper.committer.catchUps],
    ['anykeeper_tree_differences', keeper.committer.counters.treeDifferences],
    ['anykeeper_records_checked', keeper.recordChecks.records],
    ['anykeeper_record_check_rounds', keeper.recordChecks.rounds],
    ['anykeeper_record_differences', keeper.recordChecks.differences],
    ['anykeeper_records_rewritten', keeper.recordChecks.rewritten],
    ['anykeeper_quarantined', keeper.quarantine.findings],
    ['anykeeper_unreadable_znodes', replica.tree.unreadable.size],
    ['anykeeper_foreign_keys', keeper.quarantine.foreignKeys],
    ['anykeeper_memory_soft_limit_bytes', server.options.memory?.softLimitBytes ?? 0],
    ['anykeeper_memory_live_bytes', Math.round(server.options.memory?.liveBytes ?? 0)],
    ['anykeeper_memory_refused', server.options.memory?.refused ?? 0],
  ]
}

/** Left out where it is not configured. */
function optional({ options: { authProviders, audit } }: ProxyHost): Metric[] {
  const out: Metric[] = []
  if (authProviders !== undefined) {
    out.push(['anykeeper_auth_provider_failures', authProviders.counters.failures])
    out.push(['anykeeper_auth_provider_timeouts', authProviders.counters.timeouts])
  }
  if (audit !== undefined) {
    out.push(['anykeeper_audit_lines', audit.counters.lines])
    out.push(['anykeeper_audit_lines_dropped', audit.counters.dropped])
  }
  return out
}

/** Left out where there is none. */
function tls({ door, stats }: ProxyHost): Metric[] {
  if (door === undefined) return []
  const { keyStore } = door
  return [
    ['anykeeper_tls_handshakes', stats.tlsHandshakes],
    ['anykeeper_tls_plain_refused', stats.tlsPlainRefused],
    ['anykeeper_tls_certificate_expires_seconds', keyStore.expiresInSeconds],
    ['anykeeper_tls_reloads', keyStore.reloads],
    ['anykeeper_tls_reloads_failed', keyStore.reloadsFailed],
  ]
}

/** Left out where it is not known. */
function spaceOf(space: StoreSpace | undefined): Metric[] {
  if (space === undefined) return []
  const { usedBytes, inUseBytes, maxBytes, isFull } = space
  return [
    ['anykeeper_store_bytes', usedBytes],
    ['anykeeper_store_bytes_in_use', inUseBytes],
    ...(maxBytes === undefined ? [] : ([['anykeeper_store_bytes_max', maxBytes]] as const)),
    ['anykeeper_store_alarm', isFull ? 1 : 0],
  ]
}

/** Of an ensemble, and of its leader. All live proxies are in step: one that is not serves nobody, and is not listed. */
function ensembleMetrics({ mode, size }: Ensemble, { startedMs }: ProxyHost): Metric[] {
  if (mode === 'standalone') return []
  const quorum: Metric[] = [['quorum_size', size]]
  if (mode !== 'leader') return quorum
  return [
    ...quorum,
    ['leader_uptime', Date.now() - startedMs],
    ['learners', size - 1],
    ['followers', size - 1],
    ['synced_followers', size - 1],
    ['synced_non_voting_followers', 0],
    ['synced_observers', 0],
    ['pending_syncs', 0],
  ]
}

/** Monitors of ZooKeeper alert on these. Left out where there is no /proc. */
function fileDescriptors({ descriptors: { open, max } }: ProxyHost): Metric[] {
  if (open === undefined) return []
  const limit: Metric[] =
    max === Number.POSITIVE_INFINITY ? [] : [['max_file_descriptor_count', max]]
  return [['open_file_descriptor_count', open], ...limit]
}

/** Of the last minute or two, ms. */
function loopDelay({ loopDelay: { recent } }: ProxyHost): Metric[] {
  return [
    ['anykeeper_avg_loop_delay', recent.mean.toFixed(4)],
    ['anykeeper_p99_loop_delay', Math.round(recent.p99)],
    ['anykeeper_max_loop_delay', Math.round(recent.max)],
    ['anykeeper_cnt_loop_delay', recent.count],
  ]
}

/** Latency of writes, from arrival to reply, ms. */
function updateLatency({ averageMs, minMs, maxMs, count, totalMs }: Latency): Metric[] {
  return [
    ['avg_updatelatency', averageMs.toFixed(4)],
    ['min_updatelatency', Math.round(minMs)],
    ['max_updatelatency', Math.round(maxMs)],
    ['cnt_updatelatency', count],
    ['sum_updatelatency', Math.round(totalMs)],
  ]
}

export function metricLines(list: readonly Metric[]): string {
  return list.map(([name, value]) => `zk_${name}\t${value}\n`).join('')
}

/** The tree follows a ZooKeeper ensemble, and no client is to be served before the take-over. */
function isStandby({ replica, upstream }: ProxyHost['keeper']): boolean {
  return replica.mirrors && upstream === undefined
}

const snakeOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Of the ZooKeeper ensemble that the tree comes from; nothing where there is none, or the migration is finished. */
function source({ upkeep }: ProxyHost['keeper']): Metric[] {
  const { record, alive, silent } = upkeep.source
  if (record === undefined) return []
  const digestOk = { equal: 1, unequal: 0, unknown: -1 }[record.digest]
  return [
    ['anykeeper_source_lag_ms', record.lagMs],
    ['anykeeper_source_zxid', record.zxid],
    ['anykeeper_source_digest_ok', digestOk],
    ['anykeeper_source_resyncs', record.resyncs],
    ['anykeeper_source_alive', alive],
    ['anykeeper_source_silent', silent],
    ...(record.currentMs === undefined
      ? []
      : [['anykeeper_source_current_ms', record.currentMs] as const]),
    ...SOURCE_COUNTERS.map(
      (name) => [`anykeeper_source_${snakeOf(name)}`, record.counters?.[name] ?? 0] as const,
    ),
  ]
}

/** While a ZooKeeper ensemble leads, and afterwards until a restart; nothing without --serve-while-following. */
function forwarding({ upstream }: ProxyHost['keeper']): Metric[] {
  if (upstream === undefined) return []
  const { counters, inFlight, holding, lagMs } = upstream
  return [
    ['anykeeper_forwarding', upstream.isActive ? 1 : 0],
    ['anykeeper_forwarded', counters.forwarded],
    ['anykeeper_forwarded_in_flight', inFlight],
    ['anykeeper_forwarded_lost', counters.lost],
    ['anykeeper_forwarded_too_long', counters.tooLong],
    ['anykeeper_forwarded_held', counters.held],
    ['anykeeper_forwarded_holding', holding],
    ['anykeeper_forwarded_held_too_long', counters.heldTooLong],
    ['anykeeper_forwarding_lag_ms', Math.round(lagMs)],
    ['anykeeper_forwarding_lags', counters.lagged],
    ['anykeeper_forwarding_unreported', counters.unreported],
    ['anykeeper_forwarding_leaders_lost', counters.disconnects],
  ]
}
