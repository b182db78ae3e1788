/**
 * The four-letter words that an operator or a probe sends instead of a packet. The formats are those
 * that tools parse (zookeeper-reference §1.6). Neighbours: server, metrics.
 */
import { hostname, release, type, userInfo } from 'node:os'
import type { ClientConnection, ProxyHost } from '../host.ts'
import { BUILT_ON, ZOOKEEPER_VERSION } from '../version.ts'
import { metricLines } from './metrics.ts'

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n'

const hex = (id: bigint): string => `0x${BigInt.asUintN(64, id).toString(16)}`
const zxidHex = (zxid: number): string => `0x${zxid.toString(16)}`

function header({ keeper, stats, connections }: ProxyHost, clients: string): string {
  const { latency } = stats
  return [
    `Zookeeper version: ${ZOOKEEPER_VERSION}, built on ${BUILT_ON}`,
    `${clients}Latency min/avg/max: ${Math.round(latency.minMs)}/${latency.averageMs.toFixed(4)}/${Math.round(latency.maxMs)}`,
    `Received: ${stats.packetsReceived}`,
    `Sent: ${stats.packetsSent}`,
    `Connections: ${connections.size}`,
    `Outstanding: ${keeper.committer.queueLength}`,
    `Zxid: ${zxidHex(keeper.replica.zxid)}`,
    'Mode: standalone',
    `Node count: ${keeper.replica.tree.nodeCount}`,
    '',
  ].join('\n')
}

const brief = (c: ClientConnection): string =>
  ` /${c.name}[${c.session === undefined ? 0 : 1}](queued=${c.queued},recved=${c.received},sent=${c.sent})`

function full(c: ClientConnection): string {
  const session =
    c.session === undefined
      ? ''
      : `,sid=${hex(c.session.id)},lop=${c.lastOperation},est=${c.establishedMs},to=${c.session.timeoutMs},lcxid=0x${(c.lastXid >>> 0).toString(16)},lzxid=${c.lastZxid < 0 ? '0xffffffffffffffff' : zxidHex(c.lastZxid)},lresp=${Math.round(performance.now())},llat=0,minlat=${Math.round(c.latency.minMs)},avglat=${Math.round(c.latency.averageMs)},maxlat=${Math.round(c.latency.maxMs)}`
  return `${brief(c).slice(0, -1)}${session})`
}

function others(server: ProxyHost): ClientConnection[] {
  return [...server.connections]
}

function conf({ options, port, keeper }: ProxyHost): string {
  const { limits } = keeper
  return [
    `clientPort=${port}`,
    'secureClientPort=-1',
    'dataDir=',
    'dataDirSize=0',
    'dataLogDir=',
    'dataLogSize=0',
    `tickTime=${limits.tickTimeMs}`,
    `maxClientCnxns=${options.connectionsPerAddressMax}`,
    `minSessionTimeout=${limits.sessionTimeoutMsMin}`,
    `maxSessionTimeout=${limits.sessionTimeoutMsMax}`,
    'clientPortListenBacklog=511',
    'serverId=0',
    '',
  ].join('\n')
}

function envi(): string {
  return [
    'Environment:',
    `zookeeper.version=${ZOOKEEPER_VERSION}, built on ${BUILT_ON}`,
    `host.name=${hostname()}`,
    `node.version=${process.version}`,
    `os.name=${type()}`,
    `os.arch=${process.arch}`,
    `os.version=${release()}`,
    `user.name=${userInfo().username}`,
    `os.memory.rss=${Math.round(process.memoryUsage.rss() / 1024 ** 2)}MB`,
    '',
  ].join('\n')
}

function dump({ keeper, connections }: ProxyHost): string {
  const { sessions, tree } = keeper.replica
  const byTimeout = new Map<number, string[]>()
  for (const { id, timeoutMs } of sessions.values()) {
    const known = byTimeout.get(timeoutMs)
    if (known === undefined) byTimeout.set(timeoutMs, [hex(id)])
    else known.push(hex(id))
  }
  const lines = ['SessionTracker dump:', `Session Sets (${byTimeout.size})/(${sessions.size}):`]
  for (const [timeoutMs, ids] of byTimeout) {
    lines.push(`${ids.length} with a timeout of ${timeoutMs}ms:`)
    for (const id of ids) lines.push(`\t${id}`)
  }
  const owners = [...tree.ephemeralEntries()]
  lines.push('ephemeral nodes dump:', `Sessions with Ephemerals (${owners.length}):`)
  for (const [id, paths] of owners) {
    lines.push(`${hex(id)}:`)
    for (const path of paths) lines.push(`\t${path}`)
  }
  lines.push('Connections dump:', `Connections Sets (1)/(${connections.size}):`)
  for (const connection of connections) lines.push(`\tip: /${connection.name}`)
  return `${lines.join('\n')}\n`
}

/** Watches as session → paths. A watcher is a Session. */
function watchesBySession(server: ProxyHost): Map<string, Set<string>> {
  const { data, child } = server.keeper.watches
  const bySession = new Map<string, Set<string>>()
  for (const connection of server.connections) {
    const { session } = connection
    if (session === undefined) continue
    const paths = new Set([...(data.pathsOf(session) ?? []), ...(child.pathsOf(session) ?? [])])
    if (paths.size > 0) bySession.set(hex(session.id), paths)
  }
  return bySession
}

function wchs(server: ProxyHost): string {
  const bySession = watchesBySession(server)
  const paths = new Set<string>()
  for (const own of bySession.values()) for (const path of own) paths.add(path)
  return `${bySession.size} connections watching ${paths.size} paths\nTotal watches:${server.keeper.watches.watchCount}\n`
}

function wchc(server: ProxyHost): string {
  let out = ''
  for (const [id, paths] of watchesBySession(server)) {
    out += `${id}\n`
    for (const path of paths) out += `\t${path}\n`
  }
  return out
}

function wchp(server: ProxyHost): string {
  const byPath = new Map<string, string[]>()
  for (const [id, paths] of watchesBySession(server)) {
    for (const path of paths) {
      const known = byPath.get(path)
      if (known === undefined) byPath.set(path, [id])
      else known.push(id)
    }
  }
  let out = ''
  for (const [path, ids] of byPath) out += `${path}\n${ids.map((id) => `\t${id}\n`).join('')}`
  return out
}

const ANSWERS: Record<string, (server: ProxyHost) => string> = {
  srvr: (s) => header(s, ''),
  stat: (s) => header(s, `Clients:\n${others(s).map(brief).join('\n')}\n\n`),
  cons: (s) => `${others(s).map(full).join('\n')}\n\n`,
  mntr: metricLines,
  conf,
  envi,
  dirs: ({ keeper }) => `datadir_size: ${keeper.replica.tree.dataBytes}\nlogdir_size: 0\n`,
  dump,
  wchs,
  wchc,
  wchp,
  crst: (s) => {
    for (const connection of s.connections) {
      connection.latency.reset()
      connection.received = 0
      connection.sent = 0
    }
    return 'Connection stats reset.\n'
  },
  srst: (s) => {
    s.stats.reset()
    return 'Server stats reset.\n'
  },
}

/** Answered also while the store is unreachable: they report exactly that. */
const ALWAYS = new Set(['ruok', 'isro', 'conf', 'envi', 'crst', 'srst', 'mntr'])

/** All known words. Any other four bytes are the length of a packet. */
export const WORDS: ReadonlySet<string> = new Set(['ruok', 'isro', ...Object.keys(ANSWERS)])
export const READ_ONLY_WORDS: readonly string[] = [...WORDS].filter(
  (word) => word !== 'crst' && word !== 'srst',
)

/** ruok reports whether the store answers, not only whether this process does. */
export function answerFourLetterWord(server: ProxyHost, word: string): string {
  const serving = server.keeper.isServing
  if (word === 'ruok') return serving ? 'imok' : NOT_SERVING
  if (word === 'isro') return serving ? 'rw' : 'null'
  if (!serving && !ALWAYS.has(word)) return NOT_SERVING
  return ANSWERS[word]?.(server) ?? ''
}
