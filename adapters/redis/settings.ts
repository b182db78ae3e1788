/** Detects a server's settings when the store opens. Neighbour: redis-store.ts. */
import { StoreError } from '../../lib/model/errors.ts'
import { toStoreError } from './errors.ts'
import type { Commands } from './link.ts'

/** XTRIM by id came with 6.2. */
const VERSION_MIN = [6, 2] as const

/** undefined: the server does not report it. */
export interface Settings {
  /** "7.0.15" */
  readonly version: string | undefined
  readonly isReplica: boolean
  readonly isCluster: boolean
  readonly replicas: number
  /** Is the append-only file on? */
  readonly appendOnly: boolean | undefined
  /** "always", "everysec", "no" */
  readonly appendFsync: string | undefined
  /** Unit: bytes. 0: no bound. */
  readonly maxMemory: number | undefined
  /** "noeviction", "allkeys-lru" and so on. */
  readonly maxMemoryPolicy: string | undefined
}

export async function readSettings(commands: Commands): Promise<Settings> {
  const [info, config] = await Promise.all([
    commands.command('INFO').then(String),
    // Many hosted services forbid it.
    commands.command('CONFIG', 'GET', 'appendfsync').catch((error) => {
      if (toStoreError(error).code === 'STORE_UNAVAILABLE') throw error
      return []
    }),
  ])
  const fields = new Map(
    info
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.replace(/^[^:]*:/, '')]),
  )
  const number = (name: string): number | undefined =>
    fields.has(name) ? Number(fields.get(name)) : undefined
  const appendFsync = (config as readonly Buffer[])[1]
  return {
    version: fields.get('redis_version'),
    isReplica: fields.get('role') === 'slave',
    isCluster: fields.get('redis_mode') === 'cluster',
    replicas: number('connected_slaves') ?? 0,
    appendOnly: fields.has('aof_enabled') ? fields.get('aof_enabled') === '1' : undefined,
    appendFsync: appendFsync === undefined ? undefined : String(appendFsync),
    maxMemory: number('maxmemory'),
    maxMemoryPolicy: fields.get('maxmemory_policy'),
  }
}

/** @throws {StoreError} when the store cannot be kept on such a server */
export function assertUsable(settings: Settings): void {
  const { version, isCluster, isReplica, maxMemory, maxMemoryPolicy = '' } = settings
  if (version !== undefined && !isAtLeast(version)) {
    throw new StoreError(
      'STORE_UNSUPPORTED',
      `redis ${version} is too old: ${VERSION_MIN.join('.')} or later is needed`,
    )
  }
  if (isCluster) {
    throw new StoreError(
      'STORE_UNSUPPORTED',
      'redis: the server is a Cluster node, which is not supported',
    )
  }
  if (isReplica) {
    throw new StoreError('STORE_UNAVAILABLE', 'redis: the server is a replica, name its primary')
  }
  if (maxMemory !== 0 && maxMemoryPolicy.startsWith('allkeys-')) {
    throw new StoreError(
      'STORE_UNSUPPORTED',
      `redis: maxmemory-policy is ${maxMemoryPolicy}, so the server would throw the data away when its ` +
        'memory is full: set it to noeviction',
    )
  }
}

/** Sentences for the caller's log: where the server's guarantees are weaker than ZooKeeper's. */
export function settingsWarnings(settings: Settings): string[] {
  const { version, appendOnly, appendFsync, replicas } = settings
  const warnings: string[] = []
  if (version === undefined) {
    warnings.push(
      `redis: the server does not report its version; ${VERSION_MIN.join('.')} is needed`,
    )
  }
  if (appendOnly === false) {
    warnings.push(
      'redis: appendonly is no, so a restart of the server loses everything since its last snapshot, ' +
        'acknowledged writes included: set appendonly yes and appendfsync always',
    )
  } else if (appendOnly === undefined || appendFsync === undefined) {
    warnings.push(
      'redis: the server does not report its appendonly and appendfsync settings; without yes and always ' +
        'a crash loses acknowledged writes',
    )
  } else if (appendFsync !== 'always') {
    warnings.push(
      `redis: appendfsync is ${appendFsync}, so a crash of the server's machine loses the newest ` +
        'acknowledged writes: set appendfsync always',
    )
  }
  if (replicas > 0) {
    warnings.push(
      'redis: replication is asynchronous, so a failover to a replica may lose the newest acknowledged ' +
        'writes; min-replicas-to-write bounds how many',
    )
  }
  return warnings
}

function isAtLeast(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1])
}
