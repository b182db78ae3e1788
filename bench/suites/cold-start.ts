/**
 * `npm run bench -- cold-start`: from the start of the process to the first read it answers, by the
 * size of the tree. Beside it what etcd alone takes for the same keys, and ZooKeeper's restart.
 */

import { LIMITS_DEFAULT } from '../../lib/index.ts'
import { AnykeeperProcess } from '../../test/support/anykeeper-process.ts'
import type { EtcdServer } from '../../test/support/etcd-server.ts'
import { freePort } from '../../test/support/free-port.ts'
import { startZookeeper, type ZookeeperServer } from '../../test/support/zookeeper-server.ts'
import { firstRead } from '../first-read.ts'
import type { Ranged, RangeOrder } from '../load/etcd-range.ts'
import { treePath } from '../load/fixture.ts'
import type { Target } from '../load/link.ts'
import { runProgram } from '../measure.ts'
import { anykeeperVersion, etcdVersion, proxyOptions, startBenchEtcd } from '../peers/anykeeper.ts'
import { zookeeperOptions, zookeeperVersion } from '../peers/zookeeper.ts'
import { cpuSeconds, memory } from '../process-figures.ts'
import { short, spread, table, whole } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import { median } from '../report/statistics.ts'
import { fillStore } from '../store-filler.ts'
import { type Context, peerOptions, type Suite } from './suite.ts'

const PREFIX = '/anykeeper'
/** A million znodes may take a while anywhere. */
const SERVES_MS_MAX = 300_000

/** Unit s. */
interface Round {
  readonly zookeeper: number
  readonly ready: number
  readonly anykeeper: number
  readonly proxyCpu: number
  readonly etcdCpu: number
  readonly range: Ranged
  /** Unit MiB. */
  readonly resident: number
}

interface Servers {
  readonly zookeeper: ZookeeperServer
  readonly etcd: EtcdServer
  readonly versions: readonly string[]
}

async function startServers(nodes: number, { options }: Context): Promise<Servers> {
  const zookeeper = await startZookeeper(zookeeperOptions(peerOptions(options)))
  try {
    const etcd = await startBenchEtcd()
    try {
      await runProgram('load/fill.ts', { targets: [at(zookeeper)], nodes })
      await fillStore(`etcd://${etcd.host}`, PREFIX, nodes)
      const versions = [
        `ZooKeeper ${await zookeeperVersion(zookeeper, peerOptions(options))}`,
        `anykeeper ${anykeeperVersion(etcdVersion(etcd))}`,
      ]
      return { zookeeper, etcd, versions }
    } catch (error) {
      await etcd.stop()
      throw error
    }
  } catch (error) {
    await zookeeper.stop()
    throw error
  }
}

const at = ({ host, port }: Target): Target => ({ host, port })
const seconds = (fromMs: number, toMs: number): number => (toMs - fromMs) / 1_000

async function restartZookeeper(server: ZookeeperServer, path: string): Promise<number> {
  await server.kill()
  const startMs = performance.now()
  server.launch()
  const signal = AbortSignal.timeout(SERVES_MS_MAX)
  return seconds(startMs, await firstRead(at(server), path, { signal }))
}

async function startProxy(
  { etcd }: Servers,
  path: string,
  { options }: Context,
): Promise<Omit<Round, 'zookeeper' | 'range'>> {
  const store = proxyOptions(`etcd://${etcd.host}`, peerOptions(options))
  const proxy = new AnykeeperProcess(await freePort(), { ...store, prefix: PREFIX })
  const etcdBefore = cpuSeconds(etcd.pid)
  const startMs = performance.now()
  const started = proxy.start({ timeoutMs: SERVES_MS_MAX }).then(() => performance.now())
  try {
    const signal = AbortSignal.timeout(SERVES_MS_MAX)
    const readMs = await firstRead(at(proxy), path, { signal })
    const { pid } = proxy.child
    const figures = {
      anykeeper: seconds(startMs, readMs),
      proxyCpu: cpuSeconds(pid),
      etcdCpu: cpuSeconds(etcd.pid) - etcdBefore,
      resident: memory(pid).resident,
    }
    return { ...figures, ready: seconds(startMs, await started) }
  } finally {
    await started.catch(() => {})
    await proxy.stop()
  }
}

async function range({ etcd: { port } }: Servers, pageKeys: number): Promise<Ranged> {
  const order: RangeOrder = {
    target: { host: '127.0.0.1', port },
    start: `${PREFIX}/`,
    end: `${PREFIX}0`,
    pageKeys,
  }
  return JSON.parse(await runProgram('load/etcd-range.ts', order)) as Ranged
}

async function measureSize(nodes: number, rounds: number, context: Context) {
  const servers = await startServers(nodes, context)
  const path = treePath(nodes - 1)
  try {
    const all: Round[] = []
    for (let round = 1; round <= rounds; round++) {
      const zookeeper = await restartZookeeper(servers.zookeeper, path)
      const ours = await startProxy(servers, path, context)
      const bare = await range(servers, LIMITS_DEFAULT.loadPageKeysMax)
      all.push({ zookeeper, ...ours, range: bare })
      context.say(
        `${whole(nodes).padStart(9)} znodes, round ${round}: ZooKeeper ${short(zookeeper)} s, ` +
          `anykeeper ${short(ours.anykeeper)} s, etcd’s range alone ${short(bare.seconds)} s`,
      )
    }
    return { all, versions: servers.versions }
  } finally {
    await servers.zookeeper.stop()
    await servers.etcd.stop()
  }
}

function row(nodes: number, all: readonly Round[]): string[] {
  const of = (figure: (round: Round) => number): string => spread(all.map(figure), short)
  const { keys, bytes } = all[0]!.range
  return [
    whole(nodes),
    of(({ zookeeper }) => zookeeper),
    of(({ anykeeper }) => anykeeper),
    of(({ ready }) => ready),
    of(({ range }) => range.seconds),
    median(all.map(({ anykeeper, range }) => anykeeper / range.seconds)).toFixed(2),
    short(median(all.map(({ proxyCpu }) => proxyCpu))),
    short(median(all.map(({ etcdCpu }) => etcdCpu))),
    `${whole(keys)} keys, ${short(bytes / 2 ** 20)} MiB`,
    whole(median(all.map(({ resident }) => resident))),
  ]
}

const COLUMNS = [
  'znodes',
  'ZooKeeper s',
  'anykeeper s',
  'its ready line s',
  'etcd’s range alone s',
  'anykeeper ÷ range',
  'proxy’s CPU s',
  'etcd’s CPU s',
  'read from etcd',
  'proxy’s RSS MiB',
]

export const coldStart: Suite = {
  about: 'from the start of the process to its first answer, with 10k, 100k and 1M znodes',
  async run(context) {
    const { options, args } = context
    const sizes = options.sizes ?? (options.quick ? [1_000] : [10_000, 100_000, 1_000_000])
    const rounds = options.rounds ?? (options.quick ? 1 : 5)
    const rows: string[][] = []
    let versions: readonly string[] = []
    for (const nodes of sizes) {
      const found = await measureSize(nodes, rounds, context)
      rows.push(row(nodes, found.all))
      versions = found.versions
    }
    const head = circumstances({
      args,
      versions,
      notes: [
        `${rounds} ${rounds === 1 ? 'round' : 'rounds'} in turn; znodes of 100 bytes, 1,000 to a parent; the page cache is warm for all`,
        `etcd’s range alone: the same keys at one revision by etcd3, nothing decoded; ${whole(LIMITS_DEFAULT.loadPageKeysMax)} keys a page, about as many as anykeeper asks for`,
      ],
    })
    return { text: `${head}\n\n${table(COLUMNS, rows)}` }
  },
}
