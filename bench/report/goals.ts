/** What anykeeper is to reach beside ZooKeeper, and whether it does. Neighbour: tables. */
import type { Measured } from '../load/recorder.ts'
import { median, medianOf, ratios } from './statistics.ts'

/** Rate divided by ZooKeeper's, at least. */
export const GOALS: Readonly<Record<string, number>> = {
  get: 4,
  mixed: 2,
  children: 3,
  set: 1,
  create: 1.2,
  sequential: 1.2,
  'create-delete': 1.2,
  multi: 1,
  sessions: 1,
  'watch-100': 1.5,
  'watch-1000': 1.5,
}

/** Of one proxy's rate, what three on the same etcd must reach together in writes. */
export const PROXIES_WRITE_GOAL = 0.8

export interface Verdict {
  readonly goal: number
  /** The median of the pairs' ratios. */
  readonly ratio: number
  readonly rateHolds: boolean
  /** The median p99 is not above the other's. */
  readonly p99Holds: boolean
}

/** undefined: that load has no goal. */
export function verdict(
  load: string,
  runs: readonly Measured[],
  base: readonly Measured[],
): Verdict | undefined {
  const goal = GOALS[load]
  if (goal === undefined) return undefined
  const ratio = median(ratios(runs, base))
  const p99 = ({ p99 }: Measured) => p99
  return {
    goal,
    ratio,
    rateHolds: ratio >= goal,
    p99Holds: medianOf(runs, p99) <= medianOf(base, p99),
  }
}

export function toWords(verdict: Verdict | undefined): string {
  if (verdict === undefined) return ''
  const { rateHolds, p99Holds } = verdict
  if (rateHolds && p99Holds) return 'yes'
  return `no: ${[...(rateHolds ? [] : ['rate']), ...(p99Holds ? [] : ['p99'])].join(', ')}`
}
