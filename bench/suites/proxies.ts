/**
 * `npm run bench -- proxies`: three proxies on one etcd beside one, and beside an ensemble of three
 * ZooKeepers; the clients are spread over the three.
 */
import { cpu, latency, rate } from '../report/format.ts'
import { GOALS, PROXIES_WRITE_GOAL } from '../report/goals.ts'
import type { Series } from '../report/series.ts'
import { median, ratios } from '../report/statistics.ts'
import { type Column, ratioCell, sideBySide } from '../report/tables.ts'
import { compare, planned } from './comparison.ts'
import type { Suite } from './suite.ts'

const PEERS = ['anykeeper', 'anykeeper-3', 'zookeeper-3']
const WRITES = ['set', 'create', 'sequential', 'create-delete', 'multi']

function reached({ load, runs: [one, three] }: Series): string {
  if (!WRITES.includes(load)) return ''
  return median(ratios(three!, one!)) >= PROXIES_WRITE_GOAL ? 'yes' : 'no'
}

const COLUMNS: readonly Column[] = [
  { head: 'three ÷ one', cell: ({ runs: [one, three] }) => ratioCell(three!, one!) },
  { head: `writes ≥ ${PROXIES_WRITE_GOAL}`, cell: reached },
  {
    head: 'three ÷ ZooKeeper × 3',
    cell: ({ runs: [, three, ensemble] }) => ratioCell(three!, ensemble!),
  },
]

export const proxies: Suite = {
  about: 'three proxies on one etcd, beside one proxy and three ZooKeepers',
  async run(context) {
    const plan = planned(context, {
      peers: PEERS,
      loads: Object.keys(GOALS),
      rounds: 5,
      seconds: 4,
      warmUp: 1.5,
      ceilings: false,
    })
    const compared = await compare(context, { ...plan, peers: PEERS })
    return {
      text: [
        compared.head,
        'Per second, median (least–greatest):',
        sideBySide(compared, rate, COLUMNS),
        'p50 / p99, ms:',
        sideBySide(compared, latency),
        'CPU µs each:',
        sideBySide(compared, cpu),
      ].join('\n\n'),
    }
  },
}
