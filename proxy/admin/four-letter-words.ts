/**
 * The four-letter words that an operator or a probe sends instead of a packet. The formats are those
 * that tools parse (zookeeper-reference §1.6). Neighbours: server, metrics.
 */
import { hostname, release, type, userInfo } from 'node:os'
import type { ProxyHost } from '../host.ts'
import { BUILT_ON, ZOOKEEPER_VERSION } from '../version.ts'
import { ensembleOf } from './ensemble.ts'
import { clientLines, cons, dump, wchc, wchp, wchs, zxidHex } from './listing-words.ts'
import { metricLines, metrics } from './metrics.ts'

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n'

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
    `Mode: ${ensembleOf(keeper).mode}`,
    `Node count: ${keeper.replica.tree.nodeCount}`,
    ...quarantineLine(keeper.quarantine.findings),
    '',
  ].join('\n')
}

/** Only where there is anything: tools know the other lines. */
function quarantineLine(count: number): readonly string[] {
  return count === 0 ? [] : [`Quarantined: ${count}`]
}

/** The settings as conf shows them: `name=value` lines. */
export function configuration({ options, port, securePort, keeper }: ProxyHost): string {
  const { limits } = keeper
  return [
    `clientPort=${port}`,
    `secureClientPort=${securePort}`,
    `dataDir=${options.storeName}`,
    'dataDirSize=0',
    `dataLogDir=${options.storeName}`,
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

function* stat(server: ProxyHost): Iterable<string> {
  const [version = '', numbers = ''] = header(server, 'Clients:\n').split('Clients:\n')
  yield `${version}Clients:\n`
  yield* clientLines(server)
  yield `\n${numbers}`
}

const ANSWERS: Record<string, (server: ProxyHost) => string | Iterable<string>> = {
  srvr: (s) => header(s, ''),
  stat,
  cons,
  // Of this process alone: the server answers for all workers.
  mntr: (s) => metricLines(metrics(s)),
  conf: configuration,
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

/** Of a standby too, which has a whole tree. */
const OF_STANDBY = new Set(['srvr', 'stat'])

/** All known words. Any other four bytes are the length of a packet. */
export const WORDS: ReadonlySet<string> = new Set(['ruok', 'isro', ...Object.keys(ANSWERS)])
/** Not answered unless a flag names them: two change something, three show what others do. */
export const WORDS_OFF: readonly string[] = ['crst', 'srst', 'dump', 'wchc', 'wchp']
export const WORDS_DEFAULT: readonly string[] = [...WORDS].filter(
  (word) => !WORDS_OFF.includes(word),
)

/** Whether the store answers and takes what is to be written, not only whether this process lives; or why not. */
function answerRuok({ keeper }: ProxyHost): string {
  const { trouble, isServing } = keeper
  if (trouble === undefined) return 'imok'
  return `${isServing ? '' : NOT_SERVING}${trouble}\n`
}

export function answerFourLetterWord(server: ProxyHost, word: string): string | Iterable<string> {
  const serving = server.keeper.isServing
  if (word === 'ruok') return answerRuok(server)
  if (word === 'isro') return serving ? 'rw' : 'null'
  const isStandby = server.keeper.replica.mirrors && OF_STANDBY.has(word)
  if (!serving && !ALWAYS.has(word) && !isStandby) return NOT_SERVING
  return ANSWERS[word]?.(server) ?? ''
}
