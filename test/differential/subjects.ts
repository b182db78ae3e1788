/** What scripts run on: the oracle, and anykeeper on each store. */
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { Keeper } from '../../lib/index.ts'
import { ProxyServer } from '../../proxy/index.ts'
import { ServeBed } from '../migrate/serving/serve-bed.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis } from '../support/redis-server.ts'
import { type ZookeeperLine, zookeeperVersions } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import {
  startZookeeper,
  startZookeeperLeader,
  ZookeeperEnsemble,
  type ZookeeperServer,
} from '../support/zookeeper-server.ts'
import { type RunOptions, SUPER_DIGEST } from './runner.ts'

export interface Subject {
  readonly name: string
  readonly ports: readonly number[]
  /** Of ZooKeeper. */
  readonly line?: ZookeeperLine
  /** See {@link RunOptions.leavesOld}. */
  readonly leavesOld?: RunOptions['leavesOld']
  /** See {@link RunOptions.settled}. */
  readonly settled?: RunOptions['settled']
  stop(): Promise<void>
}

/** What is not as by default. */
export interface Settings {
  readonly enforceQuota?: boolean
}

const NEVER_MS = 2_000_000_000
const TICK_MS = 2_000
const APPLIED_MS_MAX = 20_000

/** ZooKeeper, as fast as it can be, and reaping nothing: when it does is up to its clock. */
export async function startOracle(
  version: ZookeeperLine,
  { enforceQuota = false }: Settings = {},
): Promise<Subject> {
  const server = await startZookeeper({
    version,
    tickTimeMs: TICK_MS,
    heapMb: 256,
    config: { snapCount: 10_000_000, preAllocSize: 65_536 },
    properties: {
      'zookeeper.DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
      'zookeeper.forceSync': 'no',
      'zookeeper.enforceQuota': String(enforceQuota),
      'znode.container.checkIntervalMs': String(NEVER_MS),
    },
  })
  const name = `ZooKeeper ${zookeeperVersions[version]}`
  return { name, ports: [server.port], line: version, stop: () => server.stop() }
}

/** Two proxies that serve while an ensemble of one server leads, which decides all that is written. */
export async function startOnFollowing(version: ZookeeperLine): Promise<Subject> {
  const { server } = await startZookeeperLeader({
    version,
    tickTimeMs: TICK_MS,
    heapMb: 256,
    config: { snapCount: 10_000_000, preAllocSize: 65_536 },
    properties: {
      'zookeeper.DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
      'zookeeper.forceSync': 'no',
      // Its digest of a createContainer with another flag than 4 is not that of its own tree.
      'zookeeper.digest.enabled': 'false',
      'znode.container.checkIntervalMs': String(NEVER_MS),
    },
  })
  const bed = await ServeBed.open(new ZookeeperEnsemble([server]))
  try {
    await bed.follow()
    const limits = {
      tickTimeMs: TICK_MS,
      sessionTimeoutMsMin: 2 * TICK_MS,
      sessionTimeoutMsMax: 20 * TICK_MS,
    }
    const serve = () => bed.serve(limits, { superDigest: SUPER_DIGEST })
    const ports = [await serve(), await serve()].map(({ port }) => port)
    const name = `anykeeper following ZooKeeper ${version}`
    const settled = (zxid: number) => untilApplied(server, zxid)
    // Its leader moves a session without a transaction: no other proxy learns of it.
    return { name, ports, leavesOld: true, settled, stop: () => bed.close() }
  } catch (error) {
    await bed.close()
    throw error
  }
}

/** Until a server has applied the transaction itself. */
async function untilApplied(server: ZookeeperServer, zxid: number): Promise<void> {
  await eventually(
    `0x${zxid.toString(16)} at the leader`,
    async () => {
      const [, applied] = /^Zxid: (0x[0-9a-f]+)$/m.exec(await server.fourLetterWord('srvr')) ?? []
      return applied !== undefined && Number(applied) >= zxid
    },
    APPLIED_MS_MAX,
  )
}

/** The parts of anykeeper that a proxy in this process is made of. */
export interface Anykeeper {
  Keeper: typeof Keeper
  ProxyServer: typeof ProxyServer
  MemoryBackend: typeof MemoryBackend
  openMemoryStore: typeof openMemoryStore
}
const sources: Anykeeper = { Keeper, ProxyServer, MemoryBackend, openMemoryStore }

/** Proxies on one memory store, in this process. `parts`: another build of anykeeper. */
export async function startOnMemory(
  count: number,
  parts: Anykeeper = sources,
  { enforceQuota = false }: Settings = {},
): Promise<Subject> {
  const backend = new parts.MemoryBackend()
  const opened = await Promise.all(
    Array.from({ length: count }, async () => {
      const store = parts.openMemoryStore({ backend })
      const keeper = await parts.Keeper.open({
        store,
        superDigest: SUPER_DIGEST,
        limits: {
          enforceQuota,
          tickTimeMs: TICK_MS,
          sessionTimeoutMsMin: 2 * TICK_MS,
          sessionTimeoutMsMax: 20 * TICK_MS,
          reaperIntervalMs: NEVER_MS,
          // The memory store walks through deleted keys until they are compacted.
          historyRetentionMs: 500,
        },
      })
      return { store, keeper, proxy: await parts.ProxyServer.listen(keeper, { port: 0 }) }
    }),
  )
  return {
    name: `anykeeper on memory (${count})`,
    ports: opened.map(({ proxy }) => proxy.port),
    async stop() {
      for (const { store, keeper, proxy } of opened) {
        await proxy.close(0)
        await keeper.close(0)
        await store.close()
      }
    },
  }
}

/** Two proxies as users run them, on one etcd. */
export async function startOnEtcd(from: Build = 'dist'): Promise<Subject> {
  const etcd = await startEtcd({ flags: ['--unsafe-no-fsync'] })
  return startProxies(
    2,
    { name: 'etcd', url: `etcd://${etcd.host}`, stop: () => etcd.stop() },
    from,
  )
}

/** Two proxies on one redis-server, which does not wait for its disk. */
export async function startOnRedis(from: Build = 'dist'): Promise<Subject> {
  const redis = await startRedis({ appendFsync: 'no' })
  return startProxies(2, { name: 'redis', url: redis.url, stop: () => redis.stop() }, from)
}

/** The one proxy that a folder takes. */
export async function startOnFiles(
  from: Build = 'dist',
  settings: Settings = {},
): Promise<Subject> {
  const folder = temporaryFolder('differential')
  const stop = async (): Promise<void> => removeFolder(folder)
  return startProxies(1, { name: 'file', url: `file:${folder}`, stop }, from, settings)
}

type Build = 'dist' | 'sources'

interface Store {
  readonly name: string
  readonly url: string
  stop(): Promise<void>
}

/** So many proxies as users run them; `store` ends with them. */
async function startProxies(
  count: number,
  store: Store,
  from: Build,
  { enforceQuota = false }: Settings = {},
): Promise<Subject> {
  const proxies: AnykeeperProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.stop()))
    await store.stop()
  }
  const args = ['--log-level', 'warn', ...(enforceQuota ? ['--enforce-quota'] : [])]
  const settings = { store: store.url, superDigest: SUPER_DIGEST, tickTimeMs: TICK_MS, args, from }
  try {
    while (proxies.length < count) proxies.push(await startAnykeeper(settings))
  } catch (error) {
    await stop()
    throw error
  }
  const name = `anykeeper on ${store.name} (${count})`
  return { name, ports: proxies.map(({ port }) => port), stop }
}
