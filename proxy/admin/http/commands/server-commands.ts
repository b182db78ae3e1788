/** Commands that show the server: its numbers, settings and place in the ensemble. */
import { hostname, type as osType, release, userInfo } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import type { ProxyHost } from '../../../host.ts'
import { BUILT_ON, ZOOKEEPER_VERSION } from '../../../version.ts'
import { ensembleOf, type Mode } from '../../ensemble.ts'
import { configuration } from '../../four-letter-words.ts'
import { briefConnections } from './client-commands.ts'
import { type Command, CommandError, type Fields } from './command.ts'

const VERSION = `${ZOOKEEPER_VERSION}, built on ${BUILT_ON}`
/** Sizes of replies are not measured; so says ZooKeeper before it has sent one. */
const NOT_MEASURED = { last_buffer_size: -1, min_buffer_size: -1, max_buffer_size: -1 }

function serverStats({ keeper, stats, connections, startedMs }: ProxyHost): Fields {
  const { latency } = stats
  const { dataBytes } = keeper.replica.tree
  return {
    packets_sent: stats.packetsSent,
    packets_received: stats.packetsReceived,
    fsync_threshold_exceed_count: 0,
    client_response_stats: NOT_MEASURED,
    data_dir_size: dataBytes,
    log_dir_size: 0,
    provider_null: false,
    last_processed_zxid: keeper.replica.zxid,
    outstanding_requests: keeper.committer.queueLength,
    server_state: ensembleOf(keeper).mode,
    avg_latency: Number(latency.averageMs.toFixed(4)),
    max_latency: Math.round(latency.maxMs),
    min_latency: Math.round(latency.minMs),
    num_alive_client_connections: connections.size,
    uptime: Date.now() - startedMs,
    auth_failed_count: stats.authFailed,
  }
}

const serverFields = (host: ProxyHost): Fields => ({
  version: VERSION,
  read_only: false,
  server_stats: serverStats(host),
  client_response: NOT_MEASURED,
  node_count: host.keeper.replica.tree.nodeCount,
})

async function monitor(host: ProxyHost): Promise<Fields> {
  const pairs = (await host.allMetrics()).map(([name, value]) => {
    const number = typeof value === 'number' ? value : Number(value)
    return [name, Number.isNaN(number) ? value : number]
  })
  return Object.fromEntries(pairs)
}

/** ZooKeeper's names here are those of `conf`, with _ instead of capitals. */
function configurationFields(host: ProxyHost): Fields {
  const { limits } = host.keeper
  return {
    client_port: host.port,
    data_dir: host.options.storeName,
    data_log_dir: host.options.storeName,
    tick_time: limits.tickTimeMs,
    max_client_cnxns: host.options.connectionsPerAddressMax,
    min_session_timeout: limits.sessionTimeoutMsMin,
    max_session_timeout: limits.sessionTimeoutMsMax,
    server_id: 0,
    client_port_listen_backlog: 511,
  }
}

function leader({ keeper }: ProxyHost): Fields {
  const { mode, leader: address } = ensembleOf(keeper)
  if (mode === 'standalone') throw new CommandError('server is not initialized')
  return { is_leader: mode === 'leader', leader_ip: address }
}

const isObserving = (mode: Mode): boolean => mode === 'observer' || mode === 'standby'

function votingView({ keeper }: ProxyHost): Fields {
  const { mode } = ensembleOf(keeper)
  // While a ZooKeeper ensemble is followed, none of these proxies votes, as none of its observers does.
  if (mode === 'standalone' || isObserving(mode)) return { current_config: {} }
  const members = [...keeper.registry.peers]
    .filter(([, { address, leaving }]) => address !== '' && !leaving)
    .map(([id, { address }]) => [id, { client_address: address, learner_type: 'participant' }])
  return { current_config: Object.fromEntries(members) }
}

function zabState({ keeper }: ProxyHost): Fields {
  const { mode } = ensembleOf(keeper)
  if (mode === 'standalone') return { voting: false, zabstate: '' }
  // Source: Commands.ZabStateCommand, Observer.observeLeader: before it serves, it takes over what its leader has.
  if (isObserving(mode)) {
    return { voting: false, zabstate: mode === 'observer' ? 'broadcast' : 'synchronization' }
  }
  return { voting: true, zabstate: mode === 'leaderelection' ? 'election' : 'broadcast' }
}

/** Of the environment no variable: they may hold passwords. */
const environment = (): Fields => ({
  'zookeeper.version': VERSION,
  'host.name': hostname(),
  'node.version': process.version,
  'os.name': osType(),
  'os.arch': process.arch,
  'os.version': release(),
  'user.name': userInfo().username,
  'os.memory.rss': `${Math.round(process.memoryUsage.rss() / 1024 ** 2)}MB`,
})

const systemProperties = (): Fields => ({
  'node.version': process.version,
  'v8.version': process.versions.v8,
  'os.name': osType(),
  'os.arch': process.arch,
  'os.version': release(),
  'heap.limit.bytes': String(getHeapStatistics().heap_size_limit),
})

function ruok({ keeper }: ProxyHost): Fields {
  const { trouble } = keeper
  if (trouble !== undefined) throw new CommandError(trouble)
  return {}
}

const TRACE_MASK = 'There is no trace mask: PUT /api/v1/log-level changes what is logged.'
const SNAPSHOTS = 'There are no snapshots here: "anykeeper export" writes the tree to a file.'

const refusal = (sentence: string) => (): Fields => {
  throw new CommandError(sentence)
}

export const serverCommands: readonly Command[] = [
  {
    names: ['stats', 'stat'],
    isLong: true,
    run: (host) => ({
      ...serverFields(host),
      connections: briefConnections(host),
      secure_connections: [],
    }),
  },
  { names: ['server_stats', 'srvr'], run: serverFields },
  { names: ['monitor', 'mntr'], isAlwaysAnswered: true, run: monitor },
  { names: ['configuration', 'conf', 'config'], isAlwaysAnswered: true, run: configurationFields },
  {
    names: ['initial_configuration', 'icfg'],
    isAlwaysAnswered: true,
    run: (host) => ({ initial_configuration: configuration(host) }),
  },
  { names: ['environment', 'env', 'envi'], isAlwaysAnswered: true, run: environment },
  { names: ['system_properties', 'sysp'], isAlwaysAnswered: true, run: systemProperties },
  { names: ['is_read_only', 'isro'], run: () => ({ read_only: false }) },
  { names: ['ruok'], isAlwaysAnswered: true, run: ruok },
  {
    names: ['dirs'],
    run: ({ keeper }) => ({ datadir_size: keeper.replica.tree.dataBytes, logdir_size: 0 }),
  },
  {
    names: ['hash'],
    run: ({ keeper: { replica } }) => ({
      digests: [{ zxid: replica.zxid, digest_version: 0, digest: replica.tree.digest }],
    }),
  },
  { names: ['leader', 'lead'], run: leader },
  {
    names: ['observers', 'obsr'],
    run: () => ({ synced_observers: 0, observers: [] }),
  },
  { names: ['voting_view'], run: votingView },
  { names: ['zabstate'], isAlwaysAnswered: true, run: zabState },
  { names: ['last_snapshot', 'lsnp'], run: refusal(SNAPSHOTS) },
  { names: ['snapshot', 'snap'], isGuarded: true, run: refusal(SNAPSHOTS) },
  {
    names: ['restore', 'rest'],
    isGuarded: true,
    method: 'POST',
    run: refusal('"anykeeper import" reads a tree from a file, before servers are started.'),
  },
  { names: ['get_trace_mask', 'gtmk'], isAlwaysAnswered: true, run: refusal(TRACE_MASK) },
  {
    names: ['set_trace_mask', 'stmk'],
    isGuarded: true,
    isAlwaysAnswered: true,
    run: refusal(TRACE_MASK),
  },
]
