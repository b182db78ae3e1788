/** Every peer by its name. A store more is one line here and its launcher in anykeeper.ts. */
import { anykeeperPeer, auditedPeer, basePeer, scrapedPeer } from './anykeeper.ts'
import type { Peer, PeerOptions } from './peer.ts'
import { anykeeperSecurePeer, zookeeperNettyPeer } from './secure.ts'
import { zookeeperEnsemblePeer, zookeeperPeer } from './zookeeper.ts'

type Start = (options: PeerOptions) => Promise<Peer>

const named =
  (name: string, start: Start): Start =>
  async (options) => ({ ...(await start(options)), name })

export const PEERS: Readonly<Record<string, Start>> = {
  zookeeper: zookeeperPeer,
  'zookeeper-3': zookeeperEnsemblePeer,
  'zookeeper-netty': (options) => zookeeperNettyPeer(options, false),
  'zookeeper-tls': (options) => zookeeperNettyPeer(options, true),
  base: named('base', basePeer),
  anykeeper: (options) => anykeeperPeer('etcd', 1, options),
  'anykeeper-3': (options) => anykeeperPeer('etcd', 3, options),
  /** Beside anykeeper: what the audit log costs. */
  audited: named('audited', auditedPeer),
  /** Beside anykeeper: what metrics cost. */
  scraped: named('scraped', scrapedPeer),
  'anykeeper-tls': anykeeperSecurePeer,
  memory: named('memory', (options) => anykeeperPeer('memory', 1, options)),
  file: named('file', (options) => anykeeperPeer('file', 1, options)),
  etcd: named('etcd', (options) => anykeeperPeer('etcd', 1, options)),
  redis: named('redis', (options) => anykeeperPeer('redis', 1, options)),
}

/** Runs with all of them up; ends them whatever happens. */
export async function withPeers<T>(
  names: readonly string[],
  options: PeerOptions,
  run: (peers: readonly Peer[]) => Promise<T>,
): Promise<T> {
  const peers: Peer[] = []
  try {
    for (const name of names) peers.push(await PEERS[name]!(options))
    return await run(peers)
  } finally {
    for (const peer of peers.toReversed()) await peer.stop()
  }
}
