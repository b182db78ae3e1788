/**
 * Metrics under the names of ZooKeeper's own Prometheus provider, without zk_: what its alert rules and the Grafana dashboard 10465
 * ask for, as far as it has a meaning here. Neighbours: ../../metrics (mntr's lines), own-metrics.
 */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import { OP } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { opSlot } from '../../../stats.ts'
import { type HistogramName, NOTHING_OBSERVED } from '../../counts.ts'
import { metrics } from '../../metrics.ts'
import { type Family, type Sample, single, summaryOf } from './family.ts'
import type { MntrValue, Scraped } from './scraped.ts'

/** Of mntr, what only grows. */
const COUNTERS = new Set([
  ...['packets_received', 'packets_sent', 'bytes_received_count', 'response_bytes'],
  ...['connection_request_count', 'connection_rejected', 'sessionless_connections_expired'],
  ...['stale_sessions_expired', 'auth_failed_count'],
  ...['unsuccessful_handshake', 'tls_handshake_exceeded'],
])
/** Of mntr, what is a summary here. */
const SUMMARIZED = /_updatelatency$/

/** ZooKeeper 3.10 counts operations by these names. */
const OPERATIONS: Readonly<Record<string, readonly number[]>> = {
  create: [OP.create],
  create2: [OP.create2],
  create_container: [OP.createContainer],
  create_ttl: [OP.createTTL],
  delete: [OP.delete],
  delete_container: [OP.deleteContainer],
  exists: [OP.exists],
  get_data: [OP.getData],
  set_data: [OP.setData],
  get_acl: [OP.getACL],
  set_acl: [OP.setACL],
  get_children: [OP.getChildren],
  get_children2: [OP.getChildren2],
  get_all_children_number: [OP.getAllChildrenNumber],
  get_ephemerals: [OP.getEphemerals],
  sync: [OP.sync],
  ping: [OP.ping],
  check: [OP.check],
  multi: [OP.multi],
  multi_read: [OP.multiRead],
  reconfig: [OP.reconfig],
  set_watches: [OP.setWatches, OP.setWatches2],
  check_watches: [OP.checkWatches],
  remove_watches: [OP.removeWatches],
  add_watch: [OP.addWatch],
  auth: [OP.auth],
  sasl: [OP.sasl],
  who_am_i: [OP.whoAmI],
  create_session: [OP.createSession],
  close_session: [OP.closeSession],
}

export function providerMetrics(host: ProxyHost, scraped: Scraped): readonly Family[] {
  return [
    ...mntrFamilies(host, scraped.mntr),
    ...summaries(scraped),
    ...operationFamilies(scraped),
    ...counterFamilies(scraped.mntr),
    ...memoryFamilies(),
  ]
}

/** The numbers of mntr by name. A leader has more of them than a follower. */
function mntrFamilies(host: ProxyHost, mntr: MntrValue): readonly Family[] {
  const names = [...AT_TIMES, ...metrics(host).map(([name]) => name)]
  const own = [...new Set(names)].filter(
    (name) => !name.startsWith('anykeeper_') && !SUMMARIZED.test(name) && !TEXTS.has(name),
  )
  return own.map((name) =>
    single(name, COUNTERS.has(name) ? 'counter' : 'gauge', name, () => mntr(name)),
  )
}

const TEXTS = new Set(['version', 'server_state'])
/** Lines that mntr has only at times: of a leader, and once descriptors were counted. */
const AT_TIMES = [
  ...['open_file_descriptor_count', 'max_file_descriptor_count'],
  ...['quorum_size', 'leader_uptime', 'learners', 'followers', 'synced_followers'],
  ...['synced_non_voting_followers', 'synced_observers', 'pending_syncs'],
]

const SUMMARIES: readonly (readonly [name: string, of: HistogramName, help: string])[] = [
  ['fsynctime', 'commit', 'a commit to the store, in ms: what an fsync is to ZooKeeper'],
  ['readlatency', 'read', 'from a read request to its reply, in ms; one in 64'],
  ['updatelatency', 'update', 'from a write request to its reply, in ms'],
  ['election_time', 'outage', 'time in which no client was served, in ms'],
  ['jvm_pause_time_ms', 'pause', 'pauses of this process of more than a second, in ms'],
  ['prep_processor_queue_time_ms', 'queue', 'a write waits to be planned and sent, in ms'],
  ['prep_process_time', 'plan', 'planning a batch of writes, in ms'],
  ['commit_process_time', 'apply', 'applying a batch of writes, in ms'],
]

function summaries(scraped: Scraped): readonly Family[] {
  return [
    ...SUMMARIES.map(([name, of, help]) =>
      summaryOf(name, help, () => scraped.counts.histograms[of]),
    ),
    summaryOf('snapshottime', 'there are no snapshots: always 0', () => NOTHING_OBSERVED),
  ]
}

function operationFamilies(scraped: Scraped): readonly Family[] {
  const count = (ops: readonly number[]) =>
    ops.reduce((sum, op) => sum + (scraped.counts.ops[opSlot(op)] as number), 0)
  const all = Object.entries(OPERATIONS).map(([name, ops]) =>
    single(`op_count_${name}`, 'counter', `requests of type ${name}`, () => count(ops)),
  )
  const every = Object.values(OPERATIONS).flat()
  return [...all, single('op_count_total', 'counter', 'requests of all types', () => count(every))]
}

function counterFamilies(mntr: MntrValue): readonly Family[] {
  const counter = (name: string, help: string, own: string) =>
    single(name, 'counter', help, () => mntr(own))
  const differing = 'trees that differed from another server’s'
  return [
    counter('commit_count', 'batches committed to the store', 'anykeeper_commit_batches'),
    single('snap_count', 'counter', 'there are no snapshots: always 0', () => 0),
    counter('looking_count', 'how often serving ended', 'anykeeper_outages'),
    counter('digest_mismatches_count', differing, 'anykeeper_tree_differences'),
  ]
}

/** The heap of V8 under the JVM's names: ZooKeeper's rules and dashboards watch these. */
function memoryFamilies(): readonly Family[] {
  const gauge = (name: string, help: string, samples: () => readonly Sample[]): Family => ({
    name,
    help,
    type: 'gauge',
    samples,
  })
  const areas = (heap: number, nonheap: number) => [
    { labels: { area: 'heap' }, value: heap },
    { labels: { area: 'nonheap' }, value: nonheap },
  ]
  return [
    gauge('jvm_memory_bytes_used', 'heap of V8, and memory outside of it', () => {
      const { heapUsed, external } = process.memoryUsage()
      return areas(heapUsed, external)
    }),
    gauge('jvm_memory_bytes_committed', 'memory taken from the system', () => {
      const { heapTotal, external } = process.memoryUsage()
      return areas(heapTotal, external)
    }),
    gauge('jvm_memory_bytes_max', 'limit of the heap; -1: none', () =>
      areas(getHeapStatistics().heap_size_limit, -1),
    ),
    gauge('jvm_memory_pool_bytes_used', 'spaces of the heap of V8', () =>
      getHeapSpaceStatistics().map(({ space_name, space_used_size }) => ({
        labels: { pool: space_name },
        value: space_used_size,
      })),
    ),
  ]
}
