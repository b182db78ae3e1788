/** Rounds → figures → a Markdown table, the same on the screen and in results.md. Neighbour: main. */
import { LOADS } from './load/loads.ts'
import type { Measured } from './load/recorder.ts'

/** One load, measured in turn on ZooKeeper and on anykeeper: one pair a round. */
export interface Series {
  readonly load: string
  readonly pairs: readonly { readonly zookeeper: Measured; readonly anykeeper: Measured }[]
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
const short = (value: number): string =>
  value >= 100 ? whole(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

function rate(runs: readonly Measured[]): string {
  const rates = runs.map(({ perSecond }) => perSecond)
  return `${whole(median(rates))} (${whole(Math.min(...rates))}–${whole(Math.max(...rates))})`
}
const latency = (runs: readonly Measured[]): string =>
  `${short(median(runs.map(({ p50 }) => p50)))} / ${short(median(runs.map(({ p99 }) => p99)))}`
const cpu = (runs: readonly Measured[]): string =>
  median(runs.map(({ cpuPerThousand }) => cpuPerThousand)).toFixed(3)

const COLUMNS = [
  'load',
  'per second',
  'ZooKeeper (min–max)',
  'anykeeper (min–max)',
  'ratio (pair by pair)',
  'p50 / p99 ms, ZooKeeper',
  'p50 / p99 ms, anykeeper',
  'CPU s per 1,000, ZooKeeper',
  'CPU s per 1,000, anykeeper + etcd',
  'load’s own CPU',
]

export function toRow({ load, pairs }: Series): string {
  const zookeeper = pairs.map((pair) => pair.zookeeper)
  const anykeeper = pairs.map((pair) => pair.anykeeper)
  const ratios = pairs.map((pair) => pair.anykeeper.perSecond / pair.zookeeper.perSecond)
  const loadCpu = Math.max(...[...zookeeper, ...anykeeper].map((run) => run.loadCpu))
  const { about, unit } = LOADS[load]!
  const cells = [
    `**${load}**: ${about}`,
    unit,
    rate(zookeeper),
    rate(anykeeper),
    `**${median(ratios).toFixed(2)}** (${ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`,
    latency(zookeeper),
    latency(anykeeper),
    cpu(zookeeper),
    cpu(anykeeper),
    `${whole(loadCpu * 100)} %`,
  ]
  const errors = [...zookeeper, ...anykeeper].reduce((sum, run) => sum + run.errors, 0)
  if (errors > 0) cells[0] += ` (${whole(errors)} errors)`
  return `| ${cells.join(' | ')} |`
}

export const tableHead = (): string =>
  `| ${COLUMNS.join(' | ')} |\n|${COLUMNS.map(() => '---').join('|')}|`

/** One round as it happens. */
export function toLine(load: string, round: number, pair: Series['pairs'][number]): string {
  const { zookeeper, anykeeper } = pair
  const ratio = (anykeeper.perSecond / zookeeper.perSecond).toFixed(2)
  return (
    `${load.padEnd(14)} round ${round}: ZooKeeper ${whole(zookeeper.perSecond).padStart(9)}/s, ` +
    `anykeeper ${whole(anykeeper.perSecond).padStart(9)}/s, ratio ${ratio}, ` +
    `p99 ${short(zookeeper.p99)} against ${short(anykeeper.p99)} ms`
  )
}
