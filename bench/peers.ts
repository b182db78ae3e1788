/**
 * The servers under load: ZooKeeper alone, as its own start script runs it; anykeeper on an etcd of
 * its own; and the null server. Each says which processes are its cost.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startAnykeeper } from '../test/support/anykeeper-process.ts'
import { spawnChild } from '../test/support/child.ts'
import { startEtcd } from '../test/support/etcd-server.ts'
import { freePort } from '../test/support/free-port.ts'
import { startZookeeper } from '../test/support/zookeeper-server.ts'
import type { Target } from './load/link.ts'

export interface Peer {
  readonly name: string
  readonly version: string
  readonly target: Target
  /** Process name → pid. */
  readonly processes: Readonly<Record<string, number>>
  /** false: it has no znodes. */
  readonly hasTree: boolean
  stop(): Promise<void>
}

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

/** zkServer.sh's default. Unit MiB. */
const ZOOKEEPER_HEAP_MIB = 1_000
export const ETCD_FLAGS = ['--max-txn-ops=4096']

/** fsync of every write on, the JVM's own choice of compiler and collector. */
export async function zookeeperPeer(): Promise<Peer> {
  const server = await startZookeeper({
    heapMb: ZOOKEEPER_HEAP_MIB,
    jvmFlags: ['-Djava.net.preferIPv4Stack=true'],
    properties: { 'org.slf4j.simpleLogger.defaultLogLevel': 'warn' },
  })
  const srvr = await server.fourLetterWord('srvr')
  return {
    name: 'ZooKeeper',
    version: /^Zookeeper version: (\d+(?:\.\d+)*)/.exec(srvr)?.[1] ?? 'unknown',
    target: { host: server.host, port: server.port },
    processes: { zookeeper: server.child.pid },
    hasTree: true,
    stop: () => server.stop(),
  }
}

export async function anykeeperPeer(): Promise<Peer> {
  const etcd = await startEtcd({ flags: ETCD_FLAGS })
  try {
    const proxy = await startAnykeeper({
      store: `etcd://${etcd.host}`,
      args: ['--log-level', 'warn'],
    })
    return {
      name: 'anykeeper',
      version: `${version} on etcd ${etcd.version}, Node ${process.versions.node}`,
      target: { host: proxy.host, port: proxy.port },
      processes: { anykeeper: proxy.child.pid, etcd: etcd.pid },
      hasTree: true,
      async stop() {
        await proxy.stop()
        await etcd.stop()
      },
    }
  } catch (error) {
    await etcd.stop()
    throw error
  }
}

export async function nullPeer(): Promise<Peer> {
  const port = await freePort()
  const program = fileURLToPath(new URL('load/null-server.ts', import.meta.url))
  const child = spawnChild({
    name: 'null server',
    command: process.execPath,
    args: ['--import', 'tsx', program, String(port)],
  })
  await child.waitForLine(/ready/)
  return {
    name: 'null server',
    version: '',
    target: { host: '127.0.0.1', port },
    processes: { null: child.pid },
    hasTree: false,
    async stop() {
      await child.stop()
    },
  }
}
