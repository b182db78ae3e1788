/**
 * What a process counts besides the lines of mntr: histograms, requests by operation, errors by code. Plain numbers, so that those
 * of several processes behind one port can be sent and added up. Neighbours: metrics (the lines), sum-metrics, http/metrics.
 */
import { type Clock, HISTOGRAM_BOUNDS_MS, type Histogram, type Keeper } from '../../lib/internal.ts'
import type { ServerStats } from '../stats.ts'

/** A histogram as of now. */
export interface HistogramCounts {
  /** Observations since the start. */
  readonly count: number
  /** All of them together. Unit ms. */
  readonly sumMs: number
  /** Since the start, by range of the histogram; not cumulative. */
  readonly counts: readonly number[]
  /** The same of the last whole minute and of the one that has begun. */
  readonly recent: readonly number[]
}

/** The histograms of a process. */
export type HistogramName =
  | 'commit'
  | 'queue'
  | 'plan'
  | 'apply'
  | 'reply'
  | 'read'
  | 'update'
  | 'outage'
  | 'pause'
  | 'heartbeat'
  | 'proof'

/** What one process has counted since its start, or several together. */
export interface Counts {
  /** By their names. */
  readonly histograms: Readonly<Record<HistogramName, HistogramCounts>>
  /** Requests, by the slot of their opcode. */
  readonly ops: readonly number[]
  /** Replies with an error, by its code without the minus. */
  readonly errors: readonly number[]
}

const MINUTE_MS = 60_000

/** Counts of this process, and what of it is recent. */
export class OwnCounts {
  readonly #keeper: Keeper
  readonly #stats: ServerStats
  readonly #clock: Clock
  /** As they were at the beginning of the minute before and of this one. */
  #before: ReadonlyMap<HistogramName, Float64Array> = new Map()
  #start: ReadonlyMap<HistogramName, Float64Array> = new Map()
  #cancel: () => void = () => {}

  constructor(keeper: Keeper, stats: ServerStats) {
    this.#keeper = keeper
    this.#stats = stats
    this.#clock = keeper.clock
  }

  start(): void {
    this.#cancel = this.#clock.after(MINUTE_MS, () => {
      this.start()
      this.turnOver()
    })
  }

  stop(): void {
    this.#cancel()
  }

  /** A minute is over. */
  turnOver(): void {
    this.#before = this.#start
    this.#start = new Map(
      this.#histograms().map(([name, histogram]) => [name, histogram.counts.slice()]),
    )
  }

  now(): Counts {
    const all = new Map<HistogramName, HistogramCounts>()
    for (const [name, { count, sumMs, counts }] of this.#histograms()) {
      const before = this.#before.get(name)
      const recent = Array.from(counts, (value, i) => value - (before?.[i] ?? 0))
      all.set(name, { count, sumMs, counts: Array.from(counts), recent })
    }
    return {
      histograms: recordOf(all),
      ops: Array.from(this.#stats.ops),
      errors: Array.from(this.#stats.errors),
    }
  }

  #histograms(): readonly (readonly [HistogramName, Histogram])[] {
    const { readLatency, updateLatency, replyTimes } = this.#stats
    const { commit, queue, plan, apply, outage, pause, heartbeat, proof } =
      this.#keeper.committer.counters.times
    const stages = { commit, queue, plan, apply, reply: replyTimes }
    const others = { read: readLatency, update: updateLatency, outage, pause, heartbeat, proof }
    const all: Readonly<Record<HistogramName, Histogram>> = { ...stages, ...others }
    return Object.entries(all) as [HistogramName, Histogram][]
  }
}

/** A histogram that nothing was observed in. */
export const NOTHING_OBSERVED: HistogramCounts = {
  count: 0,
  sumMs: 0,
  counts: new Array<number>(HISTOGRAM_BOUNDS_MS.length + 1).fill(0),
  recent: new Array<number>(HISTOGRAM_BOUNDS_MS.length + 1).fill(0),
}

/** Of all of them together; there is one at least. Pure. */
export function sumCounts([first, ...others]: readonly [Counts, ...Counts[]]): Counts {
  return others.reduce(
    (sum, one) => ({
      histograms: addHistograms(sum.histograms, one.histograms),
      ops: add(sum.ops, one.ops),
      errors: add(sum.errors, one.errors),
    }),
    first,
  )
}

function addHistograms(one: Counts['histograms'], other: Counts['histograms']) {
  const summed = new Map<HistogramName, HistogramCounts>()
  for (const [name, histogram] of Object.entries(one) as [HistogramName, HistogramCounts][]) {
    const { count, sumMs, counts, recent } = other[name]
    summed.set(name, {
      count: histogram.count + count,
      sumMs: histogram.sumMs + sumMs,
      counts: add(histogram.counts, counts),
      recent: add(histogram.recent, recent),
    })
  }
  return recordOf(summed)
}

const recordOf = (all: ReadonlyMap<HistogramName, HistogramCounts>): Counts['histograms'] =>
  Object.fromEntries(all) as unknown as Counts['histograms']

const add = (one: readonly number[], other: readonly number[]): readonly number[] =>
  one.map((value, i) => value + (other[i] as number))
