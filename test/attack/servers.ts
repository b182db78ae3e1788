/** The servers that are attacked: anykeeper on each store, and ZooKeeper. Neighbours: main, attack-run. */
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { missing, zookeeperVersions } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeper } from '../support/zookeeper-server.ts'
import type { Attacked } from './attack-run.ts'

export const PEERS = ['file', 'etcd', 'redis', 'memory', 'zookeeper'] as const
export type Peer = (typeof PEERS)[number]

export interface AttackedServer extends Attacked {
  /** Its newest lines. */
  readonly output: string
  /** SIGKILL, and started again on what is stored. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export const peerName = (peer: Peer): string =>
  peer === 'zookeeper' ? `ZooKeeper ${zookeeperVersions['3.9']}` : `anykeeper, ${peer}`

/** What ZooKeeper's own zkServer.sh gives its JVM, MiB. */
const ZOOKEEPER_HEAP_MB = 1_000

interface Store {
  readonly url: string
  readonly pid?: number
  stop(): Promise<unknown>
}

async function startStore(peer: Exclude<Peer, 'zookeeper'>): Promise<Store> {
  switch (peer) {
    case 'memory':
      return { url: 'memory:', stop: async () => {} }
    case 'file': {
      const folder = temporaryFolder('attack')
      return { url: `file:${folder}`, stop: async () => removeFolder(folder) }
    }
    case 'redis': {
      const redis = await startRedis({ appendOnly: true, appendFsync: 'always' })
      return { url: redis.url, pid: redis.child.pid, stop: () => redis.stop() }
    }
    case 'etcd': {
      const etcd = await startEtcd()
      return { url: `etcd://127.0.0.1:${etcd.port}`, pid: etcd.pid, stop: () => etcd.stop() }
    }
  }
}

export async function startServer(peer: Peer, program?: string): Promise<AttackedServer> {
  if (peer === 'zookeeper') return startOracle()
  const store = await startStore(peer)
  const proxy = new AnykeeperProcess(await freePort(), {
    store: store.url,
    args: ['--log-level', 'error', '--four-letter-words', '*'],
    ...(program === undefined ? {} : { program }),
  })
  await proxy.start()
  return {
    port: proxy.port,
    get pid() {
      return proxy.child.pid
    },
    get isRunning() {
      return proxy.child.running
    },
    get output() {
      return proxy.child.output
    },
    ...(store.pid === undefined ? {} : { storePid: store.pid }),
    async restart() {
      await proxy.kill()
      await proxy.start()
    },
    async stop() {
      await proxy.kill()
      await store.stop()
    },
  }
}

/** All words allowed, and as many connections of one address as on anykeeper. The rest is as by default. */
async function startOracle(): Promise<AttackedServer> {
  const lack = missing('zookeeper-3.9')
  if (lack !== undefined) throw new Error(lack)
  const server = await startZookeeper({
    version: '3.9',
    heapMb: ZOOKEEPER_HEAP_MB,
    extendedTypes: false,
    jvmFlags: ['-Djava.net.preferIPv4Stack=true'],
    properties: { 'org.slf4j.simpleLogger.defaultLogLevel': 'error' },
  })
  return {
    port: server.port,
    get pid() {
      return server.child.pid
    },
    get isRunning() {
      return server.child.running
    },
    get output() {
      return server.child.output
    },
    async restart() {
      await server.kill()
      await server.start()
    },
    stop: () => server.stop(),
  }
}
