/** What the commands work on: a store, anykeeper over the wire, and ZooKeeper. */
import { join } from 'node:path'
import { openStore } from '../../adapters/index.ts'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import type { Requirement } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { PASSWORD, TlsFixtures } from '../support/tls-bed.ts'
import { startZookeeper } from '../support/zookeeper-server.ts'

export interface Bed {
  readonly name: string
  readonly needs: readonly Requirement[]
  /** Only one process may use it at a time. */
  readonly isAlone: boolean
  start(): Promise<Started>
}

export interface Started {
  readonly url: string
  /** Of the command, such as those of TLS. */
  readonly flags?: readonly string[]
  /** Of the server; undefined: there is none. */
  readonly pid?: number
  stop(): Promise<void>
}

export const beds: readonly Bed[] = [
  {
    name: 'a store in files',
    needs: [],
    isAlone: true,
    async start() {
      const folder = temporaryFolder('shell')
      const url = `file:${join(folder, 'data')}`
      await (await openStore(url)).close()
      return { url, stop: async () => removeFolder(folder) }
    },
  },
  {
    name: 'zk:// to anykeeper',
    needs: [],
    isAlone: false,
    async start() {
      const server = await startAnykeeper({ args: ['--four-letter-words', '*'] })
      return {
        url: `zk://${server.connectString}`,
        pid: server.child.pid,
        stop: () => server.stop(),
      }
    },
  },
  {
    name: 'zk:// to ZooKeeper 3.9',
    needs: ['zookeeper-3.9'],
    isAlone: false,
    async start() {
      const server = await startZookeeper({ version: '3.9' })
      return {
        url: `zk://${server.connectString}`,
        pid: server.child.pid,
        stop: () => server.stop(),
      }
    },
  },
]

const clientFlags = ({ trusted, client }: TlsFixtures): string[] => [
  ...['--ca', trusted.ca, '--cert', client.cert, '--key', client.key],
]

/** The other stores, and TLS: with {@link beds} all that `--server` can name. */
export const moreBeds: readonly Bed[] = [
  {
    name: 'etcd',
    needs: ['etcd'],
    isAlone: false,
    async start() {
      const server = await startEtcd()
      return { url: `etcd://${server.host}`, pid: server.pid, stop: () => server.stop() }
    },
  },
  {
    name: 'Redis',
    needs: ['redis'],
    isAlone: false,
    async start() {
      const server = await startRedis()
      return { url: server.url, pid: server.child.pid, stop: () => server.stop() }
    },
  },
  {
    name: 'zks:// to anykeeper',
    needs: ['openssl'],
    isAlone: false,
    async start() {
      const made = new TlsFixtures()
      const port = await freePort()
      const { cert, key = '', ca = '' } = made.files
      const files = ['--tls-cert', cert, '--tls-key', key, '--tls-ca', ca]
      const server = await startAnykeeper({
        args: ['--secure-listen', `127.0.0.1:${port}`, ...files],
      })
      return {
        url: `zks://localhost:${port}`,
        flags: clientFlags(made),
        pid: server.child.pid,
        async stop() {
          await server.stop()
          made.remove()
        },
      }
    },
  },
  {
    name: 'zks:// to ZooKeeper 3.9',
    needs: ['zookeeper-3.9', 'openssl'],
    isAlone: false,
    async start() {
      const made = new TlsFixtures()
      const port = await freePort()
      const server = await startZookeeper({
        version: '3.9',
        config: { secureClientPort: port, secureClientPortAddress: '127.0.0.1' },
        properties: {
          'zookeeper.serverCnxnFactory': 'org.apache.zookeeper.server.NettyServerCnxnFactory',
          'zookeeper.ssl.keyStore.location': made.trusted.keyStore(made.server, 'zk.p12', PASSWORD),
          'zookeeper.ssl.keyStore.password': PASSWORD,
          'zookeeper.ssl.trustStore.location': made.trusted.trustStore('trust.p12', PASSWORD),
          'zookeeper.ssl.trustStore.password': PASSWORD,
        },
      })
      return {
        url: `zks://localhost:${port}`,
        flags: clientFlags(made),
        pid: server.child.pid,
        async stop() {
          await server.stop()
          made.remove()
        },
      }
    },
  },
]
