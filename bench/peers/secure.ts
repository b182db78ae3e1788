import { freePort } from '../../test/support/free-port.ts'
import { PASSWORD, TlsFixtures } from '../../test/support/tls-bed.ts'
import { startZookeeper } from '../../test/support/zookeeper-server.ts'
import type { SecureTarget } from '../load/link.ts'
import { anykeeperPeer } from './anykeeper.ts'
import type { Peer, PeerOptions } from './peer.ts'
import { zookeeperOptions, zookeeperVersion } from './zookeeper.ts'

const NETTY = {
  'zookeeper.serverCnxnFactory': 'org.apache.zookeeper.server.NettyServerCnxnFactory',
}

function clientOf(made: TlsFixtures, port: number): SecureTarget {
  const { ca, cert, key } = made.clientOptions() as Record<string, Buffer>
  return { port, ca: String(ca), cert: String(cert), key: String(key) }
}

export async function zookeeperNettyPeer(options: PeerOptions, isSecure: boolean): Promise<Peer> {
  const made = new TlsFixtures()
  const port = await freePort()
  const { properties, ...rest } = zookeeperOptions(options)
  const secure = {
    'zookeeper.ssl.keyStore.location': made.trusted.keyStore(made.server, 'zk.p12', PASSWORD),
    'zookeeper.ssl.keyStore.password': PASSWORD,
    'zookeeper.ssl.trustStore.location': made.trusted.trustStore('zk-trust.p12', PASSWORD),
    'zookeeper.ssl.trustStore.password': PASSWORD,
  }
  const server = await startZookeeper({
    ...rest,
    version: '3.9',
    ...(isSecure && { config: { secureClientPort: port, secureClientPortAddress: '127.0.0.1' } }),
    properties: { ...properties, ...NETTY, ...(isSecure && secure) },
  })
  const { host } = server
  return {
    name: isSecure ? 'ZooKeeper, TLS' : 'ZooKeeper',
    version: `${await zookeeperVersion(server, options)}, Netty`,
    targets: [{ host, port: server.port, ...(isSecure && { secure: clientOf(made, port) }) }],
    processes: { zookeeper: server.child.pid },
    hasTree: true,
    async stop() {
      await server.stop()
      made.remove()
    },
  }
}

export async function anykeeperSecurePeer(options: PeerOptions): Promise<Peer> {
  const made = new TlsFixtures()
  const port = await freePort()
  const { cert, key } = made.server
  const files = ['--tls-cert', cert, '--tls-key', key, '--tls-ca', made.trusted.ca]
  const args = ['--secure-listen', `127.0.0.1:${port}`, ...files]
  const peer = await anykeeperPeer('etcd', 1, options, { args })
  return {
    ...peer,
    name: 'anykeeper, TLS',
    targets: peer.targets.map((target) => ({ ...target, secure: clientOf(made, port) })),
    async stop() {
      await peer.stop()
      made.remove()
    },
  }
}
