/** ZooKeeper from Debian's package, as its own start script runs it: alone, or an ensemble. */
import {
  startZookeeper,
  startZookeeperEnsemble,
  type ZookeeperOptions,
  type ZookeeperServer,
} from '../../test/support/zookeeper-server.ts'
import type { Peer, PeerOptions } from './peer.ts'

const JVM_FLAGS = ['-Djava.net.preferIPv4Stack=true']

/** fsync of every write is on by default, and the JVM's own choice of compiler and collector. */
export const zookeeperOptions = ({ zookeeperHeapMib, quick }: PeerOptions): ZookeeperOptions => ({
  heapMb: zookeeperHeapMib,
  ...(quick ? {} : { jvmFlags: JVM_FLAGS }),
  properties: { 'org.slf4j.simpleLogger.defaultLogLevel': 'warn' },
})

const at = ({ host, port }: ZookeeperServer) => ({ host, port })

export async function zookeeperVersion(
  server: ZookeeperServer,
  { zookeeperHeapMib, quick }: PeerOptions,
): Promise<string> {
  const srvr = await server.fourLetterWord('srvr')
  const version = /^Zookeeper version: (\d+(?:\.\d+)*)/.exec(srvr)?.[1] ?? 'unknown'
  const flags = [`-Xmx${zookeeperHeapMib}m`, ...(quick ? ['a JVM for tests'] : JVM_FLAGS)]
  return `${version} (${flags.join(' ')}, forceSync as by default)`
}

export async function zookeeperPeer(options: PeerOptions): Promise<Peer> {
  const server = await startZookeeper(zookeeperOptions(options))
  return {
    name: 'ZooKeeper',
    version: await zookeeperVersion(server, options),
    targets: [at(server)],
    processes: { zookeeper: server.child.pid },
    hasTree: true,
    stop: () => server.stop(),
  }
}

export async function zookeeperEnsemblePeer(options: PeerOptions): Promise<Peer> {
  const ensemble = await startZookeeperEnsemble({ size: 3, ...zookeeperOptions(options) })
  const { members } = ensemble
  return {
    name: 'ZooKeeper × 3',
    version: await zookeeperVersion(members[0]!, options),
    targets: members.map(at),
    processes: Object.fromEntries(members.map(({ child }, i) => [`zookeeper${i + 1}`, child.pid])),
    hasTree: true,
    stop: () => ensemble.stop(),
  }
}
