/**
 * The lines of mntr, `zk_<name>\t<value>`: ZooKeeper's metrics first, then our own.
 * Neighbour: four-letter-words.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { ProxyHost } from '../host.ts'
import type { Latency } from '../stats.ts'
import { BUILT_ON, ZOOKEEPER_VERSION } from '../version.ts'

type Metric = readonly [name: string, value: number | string]

export function metrics(server: ProxyHost): Metric[] {
  const { keeper, stats, connections, outputChunks } = server
  const { replica, watches, committer } = keeper
  const { counters } = committer
  return [
    ['version', `${ZOOKEEPER_VERSION}, built on ${BUILT_ON}`],
    ['server_state', 'standalone'],
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
    ...fileDescriptors(),
    ...updateLatency(stats.latency),
    ['bytes_received_count', stats.bytesReceived],
    ['response_bytes', stats.bytesSent],
    ['connection_request_count', stats.connectionsAccepted],
    ['connection_rejected', stats.connectionsRejected],
    ['sessionless_connections_expired', stats.sessionlessDropped],
    ['stale_sessions_expired', keeper.sessions.expiredCount],
    ['auth_failed_count', stats.authFailed],
    ['anykeeper_worker', server.options.worker],
    ['anykeeper_serving', keeper.isServing ? 1 : 0],
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
    ['anykeeper_slices_used', stats.slicesUsed],
    ['anykeeper_compactions', keeper.compactionCount],
    ['anykeeper_resyncs', keeper.resyncCount],
    ['anykeeper_history_losses', keeper.historyLossCount],
    ['anykeeper_feed_catch_ups', keeper.committer.catchUps],
    ['anykeeper_tree_differences', keeper.committer.counters.treeDifferences],
    ['anykeeper_records_checked', keeper.recordChecks.records],
    ['anykeeper_record_check_rounds', keeper.recordChecks.rounds],
    ['anykeeper_record_differences', keeper.recordChecks.differences],
    ['anykeeper_records_rewritten', keeper.recordChecks.rewritten],
  ]
}

/** Monitors of ZooKeeper alert on these. Left out where there is no /proc. */
function fileDescriptors(): Metric[] {
  try {
    const open = readdirSync('/proc/self/fd').length
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    const max: Metric[] = limit === null ? [] : [['max_file_descriptor_count', Number(limit[1])]]
    return [['open_file_descriptor_count', open], ...max]
  } catch {
    return []
  }
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

export function metricLines(server: ProxyHost): string {
  return metrics(server)
    .map(([name, value]) => `zk_${name}\t${value}\n`)
    .join('')
}
