/** Latencies in ms on top of Node's own histogram: a percentile is off by 0.1 % at most. */
import { createHistogram } from 'node:perf_hooks'

/** A day. */
const US_MAX = 86_400_000_000

export class Histogram {
  // Its values are integers from 1 on, so it counts µs.
  readonly #us = createHistogram({ lowest: 1, highest: US_MAX, figures: 3 })

  get total(): number {
    return this.#us.count
  }

  record(ms: number): void {
    this.#us.record(Math.min(US_MAX, Math.max(1, Math.round(ms * 1_000))))
  }

  /** Unit ms. `share`: above 0, up to 1. */
  percentile(share: number): number {
    return this.#us.percentile(share * 100) / 1_000
  }
}
