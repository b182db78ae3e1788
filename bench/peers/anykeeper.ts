/** anykeeper as users run it, one proxy or several, and its store as a child beside it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AnykeeperOptions,
  type AnykeeperProcess,
  startAnykeeper,
} from '../../test/support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../../test/support/etcd-server.ts'
import { freePort } from '../../test/support/free-port.ts'
import { startRedis } from '../../test/support/redis-server.ts'
import { removeFolder, temporaryFolder } from '../../test/support/temp-folder.ts'
import type { Target } from '../load/link.ts'
import type { Peer, PeerOptions } from './peer.ts'

/** As docs/operations.md advises. fsync is etcd's default, and no flag here changes it. */
const ETCD_FLAGS = ['--max-txn-ops=4096', '--quota-backend-bytes=8589934592']

/** Prometheus’ own default is a minute. */
const SCRAPE_MS = 1_000

export const startBenchEtcd = (): Promise<EtcdServer> => startEtcd({ flags: ETCD_FLAGS })
export const etcdVersion = ({ version }: EtcdServer): string =>
  `etcd ${version} (${ETCD_FLAGS.join(' ')})`

const { version: OWN_VERSION } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string }

/** @param store as {@link etcdVersion} says it. */
export const anykeeperVersion = (store: string): string =>
  `${OWN_VERSION} on ${store}, Node ${process.versions.node}`

/** What a proxy keeps its data in. */
interface Store {
  readonly url: string
  /** After "anykeeper 0.1.0 on". */
  readonly version: string
  readonly processes: Readonly<Record<string, number>>
  readonly etcd?: Target
  stop(): Promise<void>
}

const stores = {
  async memory(): Promise<Store> {
    return { url: 'memory:', version: 'memory', processes: {}, async stop() {} }
  },

  async file(): Promise<Store> {
    const folder = temporaryFolder('bench')
    return {
      url: `file:${folder}`,
      version: 'files (lmdb)',
      processes: {},
      async stop() {
        removeFolder(folder)
      },
    }
  },

  async etcd(): Promise<Store> {
    const etcd = await startBenchEtcd()
    return {
      url: `etcd://${etcd.host}`,
      version: etcdVersion(etcd),
      processes: { etcd: etcd.pid },
      etcd: { host: '127.0.0.1', port: etcd.port },
      stop: () => etcd.stop(),
    }
  },

  async redis(): Promise<Store> {
    // It writes with appendonly yes and appendfsync always.
    const redis = await startRedis()
    const version = execFileSync('redis-server', ['--version'], { encoding: 'utf8' })
    return {
      url: redis.url,
      version: `Redis ${/v=(\S+)/.exec(version)?.[1] ?? 'unknown'} (appendfsync always)`,
      processes: { redis: redis.child.pid },
      stop: () => redis.stop(),
    }
  },
}

export type StoreName = keyof typeof stores

export function proxyOptions(store: string, { profileFolder }: PeerOptions): AnykeeperOptions {
  return {
    store,
    args: ['--log-level', 'warn'],
    ...(profileFolder === undefined
      ? {}
      : { nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] }),
  }
}

/** One proxy of another build, on an etcd of its own. */
export function basePeer(options: PeerOptions): Promise<Peer> {
  const { baseFolder } = options
  if (baseFolder === undefined) throw new TypeError('the peer "base" needs --base FOLDER')
  return anykeeperPeer('etcd', 1, options, { program: join(baseFolder, 'dist', 'cli.js') })
}

/** One proxy on etcd that also writes an audit log, beside its data. */
export async function auditedPeer(options: PeerOptions): Promise<Peer> {
  const folder = temporaryFolder('bench-audit')
  const args = ['--audit', '--audit-file', join(folder, 'audit.log')]
  const peer = await anykeeperPeer('etcd', 1, options, { args })
  return {
    ...peer,
    async stop() {
      await peer.stop()
      removeFolder(folder)
    },
  }
}

/** One proxy on etcd whose metrics are scraped each second. */
export async function scrapedPeer(options: PeerOptions): Promise<Peer> {
  const admin = `127.0.0.1:${await freePort()}`
  const peer = await anykeeperPeer('etcd', 1, options, { args: ['--admin-listen', admin] })
  const scrape = (): void => {
    fetch(`http://${admin}/metrics`)
      .then((answer) => answer.arrayBuffer())
      .catch(() => {})
  }
  const timer = setInterval(scrape, SCRAPE_MS)
  return {
    ...peer,
    async stop() {
      clearInterval(timer)
      await peer.stop()
    },
  }
}

/** So many proxies on one store. `program`: dist/cli.js of another build. `args`: more arguments of serve. */
export async function anykeeperPeer(
  storeName: StoreName,
  proxies: number,
  options: PeerOptions,
  { program, args = [] }: { readonly program?: string; readonly args?: readonly string[] } = {},
): Promise<Peer> {
  const settings = (url: string): AnykeeperOptions => {
    const usual = proxyOptions(url, options)
    return {
      ...usual,
      args: [...(usual.args ?? []), ...args],
      ...(program !== undefined && { program }),
    }
  }
  const store = await stores[storeName]()
  const started: AnykeeperProcess[] = []
  const stop = async () => {
    await Promise.all(started.map((proxy) => proxy.stop()))
    await store.stop()
  }
  try {
    while (started.length < proxies) {
      started.push(await startAnykeeper(settings(store.url)))
    }
  } catch (error) {
    await stop()
    throw error
  }
  const names = started.map((_, i) => (proxies === 1 ? 'proxy' : `proxy${i + 1}`))
  const pids = started.map(({ child }, i) => [names[i]!, child.pid] as const)
  return {
    name: proxies === 1 ? 'anykeeper' : `anykeeper × ${proxies}`,
    version: anykeeperVersion(store.version),
    targets: started.map(({ host, port }) => ({ host, port })),
    processes: { ...Object.fromEntries(pids), ...store.processes },
    hasTree: true,
    ...(store.etcd === undefined ? {} : { etcd: store.etcd }),
    stop,
  }
}
