/**
 * `npm run bench -- latency`: one client, one request at a time, on servers that have nothing else to
 * do; in turn with calls of etcd itself, on the very etcd that anykeeper uses.
 */
import type { Measured } from '../load/recorder.ts'
import { ceiling, measure } from '../measure.ts'
import type { Peer } from '../peers/peer.ts'
import { withPeers } from '../peers/peers.ts'
import { short, spread, table, whole } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import { median } from '../report/statistics.ts'
import { type Context, peerOptions, type Suite } from './suite.ts'

const OPERATIONS = 5_000
const OPERATIONS_QUICK = 50
/** So many operations take less, on any server. */
const SECONDS_MAX = 300

interface Contender {
  readonly name: string
  readonly load: string
  run(): Promise<Measured>
  readonly runs: Measured[]
}

const LOADS = ['get', 'set', 'create']

function contendersOf(peers: readonly Peer[], operations: number, loads: readonly string[]) {
  const timing = {
    warmUp: operations > OPERATIONS_QUICK ? 2 : 0.1,
    seconds: SECONDS_MAX,
    operations,
  }
  const contenders: Contender[] = []
  const add = (name: string, load: string, run: Contender['run']) =>
    contenders.push({ name, load, run, runs: [] })
  for (const load of loads) {
    const job = { load, timing, alone: true }
    add('no server at all', load, () => ceiling(job))
    for (const peer of peers) add(peer.name, load, () => measure(job, peer))
  }
  const etcd = peers.find((peer) => peer.etcd !== undefined)
  if (etcd?.etcd === undefined) return contenders
  const bare = {
    targets: [etcd.etcd],
    processes: { etcd: etcd.processes.etcd! },
    hasTree: false,
  }
  for (const load of ['etcd-put', 'etcd-txn']) {
    add('etcd alone', load, () => measure({ load, timing }, bare))
  }
  return contenders
}

const NAMES: Record<string, string> = {
  'etcd-put': 'put',
  'etcd-txn': 'txn as of a commit: a guard, two puts',
}

function row(contender: Contender, put: Contender | undefined): string[] {
  const { name, load, runs } = contender
  const cells = (['p50', 'p99', 'p999'] as const).map((figure) =>
    spread(
      runs.map((run) => run[figure]),
      short,
    ),
  )
  return [`${NAMES[load] ?? load}, ${name}`, ...cells, ratioTo(put, contender)]
}

/** Pair by pair, p50 and p99. */
function ratioTo(put: Contender | undefined, { runs }: Contender): string {
  if (put === undefined) return ''
  const ratio = (figure: 'p50' | 'p99') =>
    median(runs.map((run, round) => run[figure] / put.runs[round]![figure])).toFixed(2)
  return `${ratio('p50')} / ${ratio('p99')}`
}

export const latency: Suite = {
  about: 'one client, one request at a time: p50, p99, p99.9, beside etcd’s own put',
  async run(context: Context) {
    const { options, args, say } = context
    const rounds = options.rounds ?? (options.quick ? 1 : 5)
    const operations = options.quick ? OPERATIONS_QUICK : OPERATIONS
    const names = options.peers ?? ['zookeeper', 'anykeeper']
    return withPeers(names, peerOptions(options), async (peers) => {
      const contenders = contendersOf(peers, operations, options.loads ?? LOADS)
      for (let round = 1; round <= rounds; round++) {
        for (const { name, load, run, runs } of contenders) {
          const measured = await run()
          runs.push(measured)
          const { p50, p99, p999 } = measured
          const figures = [p50, p99, p999].map(short).join(' / ')
          say(`${load.padEnd(9)} round ${round} ${name.padEnd(17)} ${figures} ms`)
        }
      }
      const put = contenders.find(({ load }) => load === 'etcd-put')
      const head = circumstances({
        args,
        versions: peers.map(({ name, version }) => `${name} ${version}`),
        notes: [
          `${rounds} rounds in turn of ${whole(operations)} operations; ms: median of the rounds (least–greatest)`,
        ],
      })
      const columns = ['', 'p50', 'p99', 'p99.9', '÷ etcd’s put: p50 / p99']
      return {
        text: `${head}\n\n${table(
          columns,
          contenders.map((one) => row(one, put)),
        )}`,
      }
    })
  },
}
