/** What a client of the library may stand on: the same tests run on all of them. */

import { readFileSync } from 'node:fs'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { type ClientOptions, connect, Keeper, type ZooKeeper } from '../../index.ts'
import { startAnykeeper } from './anykeeper-process.ts'
import { startEtcd } from './etcd-server.ts'
import { freePort } from './free-port.ts'
import type { Requirement, ZookeeperLine } from './requirements.ts'
import { TcpFaultProxy } from './tcp-fault-proxy.ts'
import { TlsFixtures } from './tls-bed.ts'
import { startZookeeper } from './zookeeper-server.ts'

const TICK_MS = 200
/** Of every session here: the longest that servers with this tick grant. */
export const SESSION_MS = 20 * TICK_MS

export interface ClientBed {
  readonly name: string
  readonly needs: readonly Requirement[]
  start(): Promise<RunningBed>
}

export interface RunningBed {
  /** On the same tree, however often it is called. */
  connect(options?: ClientOptions): Promise<ZooKeeper>
  /** Between these clients and the server, where there is a wire. */
  readonly wire?: TcpFaultProxy
  /** zk://host:port, past `wire`. */
  readonly direct?: string
  /** A line of versions, of a ZooKeeper. */
  readonly version?: ZookeeperLine
  stop(): Promise<void>
}

const withTimeout = (options: ClientOptions = {}): ClientOptions => ({
  timeoutMs: SESSION_MS,
  ...options,
})

const memory: ClientBed = {
  name: 'a member on memory:',
  needs: [],
  async start() {
    const store = await openMemoryStore()
    const keeper = await Keeper.open({ store })
    return {
      connect: (options) => connect(keeper, withTimeout(options)),
      async stop() {
        await keeper.close()
        await store.close()
      },
    }
  },
}

const etcd: ClientBed = {
  name: 'members on etcd://',
  needs: ['etcd'],
  async start() {
    const server = await startEtcd()
    return {
      connect: (options) => connect(`etcd://${server.host}`, withTimeout(options)),
      stop: async () => {
        await server.stop()
      },
    }
  },
}

async function overWire(
  host: string,
  stop: () => unknown,
  version?: ZookeeperLine,
): Promise<RunningBed> {
  const wire = await TcpFaultProxy.start(host)
  return {
    connect: (options) => connect(`zk://${wire.host}`, withTimeout(options)),
    wire,
    direct: `zk://${host}`,
    ...(version !== undefined && { version }),
    async stop() {
      await wire.stop()
      await stop()
    },
  }
}

const anykeeper = (tickTimeMs: number): ClientBed => ({
  name: 'zk:// to anykeeper on etcd',
  needs: ['etcd'],
  async start() {
    const server = await startEtcd()
    const proxy = await startAnykeeper({ store: `etcd://${server.host}`, tickTimeMs })
    return overWire(proxy.connectString, async () => {
      await proxy.stop()
      await server.stop()
    })
  },
})

const zookeeper = (
  version: ZookeeperLine,
  needs: readonly Requirement[],
  tickTimeMs: number,
): ClientBed => ({
  name: `zk:// to ZooKeeper ${version}`,
  needs,
  async start() {
    const server = await startZookeeper({ version, tickTimeMs })
    return overWire(server.connectString, () => server.stop(), version)
  },
})

/** Beds whose clients are on one tree and can be cut off; sessions of 2 to 20 ticks. */
export const wireBedsOf = (tickTimeMs: number): readonly ClientBed[] => [
  anykeeper(tickTimeMs),
  zookeeper('3.9', ['zookeeper-3.9'], tickTimeMs),
  zookeeper('3.8', ['zookeeper'], tickTimeMs),
]

export const wireBeds: readonly ClientBed[] = wireBedsOf(TICK_MS)

const secureAnykeeper: ClientBed = {
  name: 'zks:// to anykeeper',
  needs: [],
  async start() {
    const made = new TlsFixtures()
    const port = await freePort()
    // Clients without certificates: one that all of them show would be an identity of all of them.
    const { cert, key } = made.server
    const files = ['--tls-cert', cert, '--tls-key', key, '--tls-client-auth', 'none']
    const args = ['--secure-listen', `127.0.0.1:${port}`, ...files]
    const proxy = await startAnykeeper({ tickTimeMs: TICK_MS, args })
    const tls = { ca: readFileSync(made.trusted.ca), serverName: 'localhost' }
    return {
      connect: (options) => connect(`zks://127.0.0.1:${port}`, { tls, ...withTimeout(options) }),
      async stop() {
        await proxy.stop()
        made.remove()
      },
    }
  },
}

export const clientBeds: readonly ClientBed[] = [memory, etcd, ...wireBeds, secureAnykeeper]
