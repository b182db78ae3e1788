/**
 * How long the event loop keeps its work waiting: the lateness of a timer, as a histogram over the last minute and the one
 * that has begun. Neighbour: metrics.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../../lib/index.ts'

/** Period of the timer that is measured; it is in each value, and taken off. Unit ms. */
const RESOLUTION_MS = 10
const WINDOW_MS = 60_000
const NS_PER_MS = 1e6

export interface LoopDelays {
  readonly count: number
  /** Unit ms, as below. */
  readonly mean: number
  readonly p99: number
  readonly max: number
}

const NONE: LoopDelays = { count: 0, mean: 0, p99: 0, max: 0 }

export class LoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #clock: Clock
  #before: LoopDelays = NONE
  #cancel: () => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(): void {
    this.#histogram.enable()
    this.#turnOver()
  }

  stop(): void {
    this.#cancel()
    this.#histogram.disable()
  }

  /** Of the last whole minute and of the one that has begun; the higher one of each but for the mean. */
  get recent(): LoopDelays {
    const now = this.#current
    const before = this.#before
    const count = now.count + before.count
    return {
      count,
      mean: count === 0 ? 0 : (now.mean * now.count + before.mean * before.count) / count,
      p99: Math.max(now.p99, before.p99),
      max: Math.max(now.max, before.max),
    }
  }

  get #current(): LoopDelays {
    const { count, mean, max } = this.#histogram
    if (count === 0) return NONE
    return { count, mean: late(mean), p99: late(this.#histogram.percentile(99)), max: late(max) }
  }

  #turnOver(): void {
    this.#cancel = this.#clock.after(WINDOW_MS, () => {
      this.#turnOver()
      this.#before = this.#current
      this.#histogram.reset()
    })
  }
}

const late = (ns: number): number => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS)
