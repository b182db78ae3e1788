/** The tables of comparisons: two peers with the goals, or any number side by side. */
import { findLoad } from '../load/loads.ts'
import type { Measured } from '../load/recorder.ts'
import { cpu, errorsOf, latency, rate, short, spread, table, whole } from './format.ts'
import { toWords, verdict } from './goals.ts'
import type { Compared, Series } from './series.ts'
import { median, medianOf, ratios } from './statistics.ts'

/** Name and meaning, and the number of errors unless it is 0. */
export function nameOf({ load, runs }: Series): string {
  const errors = errorsOf(runs.flat())
  const wrong = errors === 0 ? '' : ` (${whole(errors)} errors)`
  const { about, unit } = findLoad(load)
  const counted = unit === 'requests' ? '' : ` (${unit})`
  return `**${load}**: ${about}${counted}${wrong}`
}

export function ratioCell(runs: readonly Measured[], base: readonly Measured[]): string {
  const all = ratios(runs, base)
  return `**${median(all).toFixed(2)}** (${all.map((ratio) => ratio.toFixed(2)).join(', ')})`
}

/** Units, where an operation is many of them. */
function scaled(load: string, runs: readonly Measured[]): readonly Measured[] {
  const { unitsPerOperation = 1 } = findLoad(load)
  if (unitsPerOperation === 1) return runs
  return runs.map((run) => ({ ...run, perSecond: run.perSecond * unitsPerOperation }))
}

export function drain(runs: readonly Measured[]): string {
  const seconds = runs.flatMap(({ drainSeconds }) => drainSeconds ?? [])
  return seconds.length === 0 ? '' : spread(seconds, short)
}

const ownCpu = (series: Series): string => {
  const share = Math.max(...series.runs.flat().map(({ loadCpu }) => loadCpu))
  return `${whole(share * 100)} %`
}

/** How fast: the first peer is the one compared with. */
function rates({ names, series }: Compared, goals: boolean): string {
  const [base, candidate] = names
  const head = [
    'load',
    ...(goals ? ['goal', 'reached'] : []),
    'ratio (pair by pair)',
    `${base}, per second (min–max)`,
    `${candidate}, per second (min–max)`,
    `p50 / p99 ms, ${base}`,
    `p50 / p99 ms, ${candidate}`,
  ]
  const rows = series.map((one) => {
    const [theirs, ours] = one.runs as [readonly Measured[], readonly Measured[]]
    const judged = verdict(one.load, ours, theirs)
    return [
      nameOf(one),
      ...(goals ? [judged === undefined ? '' : `${judged.goal}`, toWords(judged)] : []),
      ratioCell(ours, theirs),
      rate(scaled(one.load, theirs)),
      rate(scaled(one.load, ours)),
      latency(theirs),
      latency(ours),
    ]
  })
  return table(head, rows)
}

/** At what cost, and whether the load was in the way. */
function costs({ names, series }: Compared): string {
  const [base, candidate] = names
  const head = [
    'load',
    `CPU µs each, ${base}`,
    `CPU µs each, ${candidate}`,
    `drain s, ${candidate}`,
    'load’s own CPU',
    'load’s ceiling, per second',
  ]
  const rows = series.map((one) => {
    const [theirs, ours] = one.runs as [readonly Measured[], readonly Measured[]]
    const limit = one.ceiling === undefined ? undefined : scaled(one.load, [one.ceiling])[0]
    return [
      `**${one.load}**`,
      cpu(theirs),
      cpu(ours),
      drain(ours),
      ownCpu(one),
      limit === undefined ? '' : whole(limit.perSecond),
    ]
  })
  return table(head, rows)
}

const twoPeers = (compared: Compared, goals: boolean): string =>
  `${rates(compared, goals)}\n\n${costs(compared)}`

/** Any number of peers, each for itself. */
export const anyPeers = (compared: Compared): string =>
  [
    'Per second, median (least–greatest):',
    sideBySide(compared, rate),
    'p50 / p99, ms:',
    sideBySide(compared, latency),
    'CPU µs each, of the proxy and of its store where that is a process of its own:',
    sideBySide(compared, cpu),
    'Seconds until everything was written behind, after the last reply:',
    sideBySide(compared, drain),
  ].join('\n\n')

export const isPair = ({ names }: Compared): boolean => names.length === 2

/** One peer, or three and more, have no ratio, and nothing to judge by. */
export const peerTables = (compared: Compared, goals: boolean): string =>
  isPair(compared) ? twoPeers(compared, goals) : anyPeers(compared)

/** What one cell shows of a peer's runs. */
export type Figure = (runs: readonly Measured[]) => string

export interface Column {
  readonly head: string
  readonly cell: (series: Series) => string
}

/** A row for each load, a column for each peer. */
export function sideBySide(
  { names, series }: Compared,
  figure: Figure,
  more: readonly Column[] = [],
): string {
  const head = ['load', ...names, ...more.map(({ head }) => head)]
  const rows = series.map((one) => [
    nameOf(one),
    ...one.runs.map((runs) => figure(scaled(one.load, runs))),
    ...more.map(({ cell }) => cell(one)),
  ])
  return table(head, rows)
}

/** Rates of the single seconds of all rounds: what collapses or saws shows here. */
export function bySecond(runs: readonly Measured[]): string {
  const rates = runs.flatMap((run) => run.rates)
  const halves = runs.map((run) => {
    const half = Math.floor(run.rates.length / 2)
    const [first, second] = [run.rates.slice(0, half), run.rates.slice(-half)]
    return half === 0 ? 1 : median(second) / median(first)
  })
  return `${spread(rates)}; second half ÷ first ${median(halves).toFixed(2)}`
}

/** With what was put off: operations divided by the time until all of it was done. */
export const withDrain = (runs: readonly Measured[]): string =>
  whole(
    medianOf(runs, ({ operations, perSecond, drainSeconds = 0 }) => {
      const seconds = operations / perSecond
      return operations / (seconds + drainSeconds)
    }),
  )
