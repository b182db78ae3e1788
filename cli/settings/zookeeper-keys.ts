/**
 * Keys of ZooKeeper's configuration that are no settings here. A key that a setting claims is never looked up here.
 * Source: the constants of ZooKeeper 3.9.5's server classes and its administrator's guide. Neighbour: from-file.
 */

/** A group of keys; one that ends with * stands for all that begin so. */
export interface KnownKeys {
  readonly keys: readonly string[]
  /** A sentence behind "<key> is ignored: ", or behind "<key>: " where it is refused. */
  readonly why: string
  /** Values that ask for nothing: the key is ignored with them, whatever else. */
  readonly harmless?: RegExp
}

const OFF = /^(false|no|off|0|none)$/i

/** They have no meaning here: a warning each. */
const IGNORED: readonly KnownKeys[] = [
  {
    keys: ['dataDir', 'dataLogDir', 'datadir.autocreate', 'db.autocreate'],
    why: 'the tree is kept in the store: use store, such as store=file:/var/lib/anykeeper',
  },
  {
    keys: [
      'server.*',
      'group.*',
      'weight.*',
      'oraclePath',
      'peerType',
      'electionAlg',
      'electionPortBindRetry',
      'leaderServes',
      'initLimit',
      'syncLimit',
      'connectToLearnerMasterLimit',
      'cnxTimeout',
      'quorum*',
      'ssl.quorum.*',
      'sslQuorum*',
      'portUnification',
      'multiAddress.*',
      'standaloneEnabled',
      'localSessionsEnabled',
      'localSessionsUpgradingEnabled',
      'leader.*',
      'leaderConnectDelayDuringRetryMs',
      'learner.*',
      'follower.*',
      'observer.*',
      'observerMaster*',
      'syncEnabled',
      'fastleader.*',
      'forward_learner_requests_to_commit_processor_disabled',
      'tcpKeepAlive',
      'controllerPort',
      'ensembleAuthName',
      'request_throttler.shutdownTimeout',
    ],
    why: 'servers on one store need no quorum among themselves: start each with the same store and prefix',
  },
  {
    keys: ['reconfigEnabled', 'dynamicConfigFile', 'configuration'],
    why: 'servers join and leave by being started and stopped',
  },
  {
    keys: [
      'autopurge.*',
      'snapCount',
      'snapSizeLimitInKb',
      'snapshotSizeFactor',
      'snapshot.*',
      'forceSnapshotSync',
      'preAllocSize',
      'txnLogSizeLimitInKb',
      'commitLogCount',
      'fsync.*',
      'forceSync',
      'flushDelay',
      'maxWriteQueuePollTime',
      'maxBatchSize',
      'serializeLastProcessedZxid.enabled',
      'digest.enabled',
      'closeSessionTxn.enabled',
    ],
    why: 'there are no snapshots and transaction logs: see history-retention and max-history-bytes',
  },
  {
    keys: [
      'serverCnxnFactory',
      'nio.*',
      'netty.*',
      'clientPortListenBacklog',
      'clientTcpKeepAlive',
      'commitProcessor.*',
      'intBufferStartingSizeBytes',
      'maxResponseCacheSize',
      'maxGetChildrenResponseCacheSize',
      'bitHashCacheSize',
      'watchManagerName',
      'watcherClean*',
      'maxInProcessingDeadWatchers',
      'jvm.pause.*',
      'messageTracker.*',
      'pathStats.*',
    ],
    why: 'it tunes parts of ZooKeeper’s server that are not here',
  },
  {
    keys: [
      'request_throttle_*',
      'request_stale_*',
      'throttled_op_wait_time',
      'largeRequestThreshold',
    ],
    why: 'requests wait by max-outstanding and max-request-queue-bytes',
  },
  {
    keys: ['connection_throttle_*'],
    why: 'connections are bounded by max-connections and max-connections-per-address',
  },
  {
    keys: ['skipACL', 'enableEagerACLCheck'],
    why: 'ACLs are always checked, and by every server itself',
  },
  {
    keys: ['extendedTypesEnabled', 'emulate353TTLNodes'],
    why: 'containers and TTL znodes are always there',
  },
  {
    keys: ['znode.container.maxNeverUsedIntervalMs'],
    why: 'a container that never had a child stays',
  },
  {
    keys: ['readonlymode.enabled'],
    why: 'a server that does not reach the store disconnects its clients, so that they find another one',
  },
  {
    keys: ['admin.*', 'metricsProvider.*'],
    why: 'it belongs to ZooKeeper’s own HTTP servers',
  },
  {
    keys: ['requireClientAuthScheme'],
    why: 'it has no meaning in ZooKeeper either',
  },
  {
    keys: [
      'kerberos.*',
      'security.auth_to_local',
      'kinit',
      'jaasLoginRenew',
      'requireKerberosConfig',
    ],
    why: 'there is no Kerberos: see sasl-users for DIGEST-MD5',
  },
]

/** Without them something would be less safe than the file says: an error, unless the value asks for nothing. */
const REFUSED: readonly KnownKeys[] = [
  {
    keys: ['secureClientPort', 'secureClientPortAddress', 'ssl.*', 'client.*'],
    why: 'TLS to clients is not supported: remove the key, and put a TLS proxy in front',
    harmless: OFF,
  },
  {
    keys: ['authProvider.*', 'X509AuthenticationProvider.*'],
    why: 'providers of authentication cannot be added: digest and ip are always there, sasl with sasl-users',
    harmless: /^org\.apache\.zookeeper\.server\.auth\.(SASL|Digest|IP)AuthenticationProvider$/,
  },
  {
    keys: ['DigestAuthenticationProvider.digestAlg'],
    why: 'digests are SHA-1: remove the key',
    harmless: /^sha-?1$/i,
  },
  {
    keys: ['DigestAuthenticationProvider.enabled'],
    why: 'digest authentication cannot be turned off: remove the key',
    harmless: /^true$/i,
  },
  {
    keys: ['enforce.auth.*', 'sessionRequireClientSASLAuth'],
    why: 'clients without authentication cannot be refused: remove the key, and protect znodes by ACLs',
    harmless: OFF,
  },
  {
    keys: ['letAnySaslUserDoX', 'SASLAuthenticationProvider.superPassword', 'sasl.serverconfig'],
    why: 'SASL users come from sasl-users: remove the key',
  },
  {
    keys: ['allowSaslFailedClients', 'IPAuthenticationProvider.usexforwardedfor', 'fips-mode'],
    why: 'it is not supported: remove the key',
    harmless: OFF,
  },
  {
    keys: ['audit.*'],
    why: 'there is no audit log: remove the key',
    harmless: OFF,
  },
]

/** For the reference page. */
export const KNOWN_KEYS = { ignored: IGNORED, refused: REFUSED }

export type Verdict =
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }

export const matches = (pattern: string, key: string): boolean =>
  pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : pattern === key

const find = (table: readonly KnownKeys[], key: string): KnownKeys | undefined =>
  table.find(({ keys }) => keys.some((pattern) => matches(pattern, key)))

/** undefined: ZooKeeper has no such key either. */
export function judgeZookeeperKey(key: string, value: string): Verdict | undefined {
  const ignored = find(IGNORED, key)
  if (ignored !== undefined) return { kind: 'ignored', why: ignored.why }
  const refused = find(REFUSED, key)
  if (refused === undefined) return undefined
  if (refused.harmless?.test(value) === true) {
    return { kind: 'ignored', why: 'this is what is done anyway' }
  }
  return { kind: 'refused', why: refused.why }
}

/** For suggestions. */
export const ZOOKEEPER_KEYS: readonly string[] = [...IGNORED, ...REFUSED].flatMap(({ keys }) =>
  keys.filter((key) => !key.endsWith('*')),
)
