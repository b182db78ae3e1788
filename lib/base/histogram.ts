/**
 * How long things took, as counts in fixed ranges: cheap enough to be kept for every write. What is made of it (sums,
 * quantiles, Prometheus's lines) is somebody else's. Neighbours: member/commit and the proxy, which observe.
 */

/** Upper bounds of the ranges, inclusive. Unit ms. Above the last one there is one more range. */
export const HISTOGRAM_BOUNDS_MS: readonly number[] = [
  0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30,
  50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000,
  20_000, 30_000, 60_000,
]

/** Durations that were observed. Never reset: those that read it compare two states. */
export class Histogram {
  /** Observations so far. */
  count = 0
  /** All of them together. Unit ms. */
  sumMs = 0
  /** By range, in the order of {@link HISTOGRAM_BOUNDS_MS}; not cumulative. */
  readonly counts: Float64Array = new Float64Array(HISTOGRAM_BOUNDS_MS.length + 1)

  /** `ms` below 0, of a clock that was set back, is 0. `times`: one observation stands for so many. */
  observe(ms: number, times = 1): void {
    const value = ms > 0 ? ms : 0
    let low = 0
    let high = HISTOGRAM_BOUNDS_MS.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((HISTOGRAM_BOUNDS_MS[middle] as number) < value) low = middle + 1
      else high = middle
    }
    this.counts[low] = (this.counts[low] as number) + times
    this.count += times
    this.sumMs += value * times
  }
}

/**
 * The value that a share of the observations does not exceed, interpolated within its range. Unit ms; NaN: there are none.
 * `counts` as in {@link Histogram.counts}, also differences of two.
 */
export function quantileOf(counts: ArrayLike<number>, share: number): number {
  let total = 0
  for (let i = 0; i < counts.length; i++) total += counts[i] as number
  if (total === 0) return Number.NaN
  const rank = share * total
  let below = 0
  for (let i = 0; i < HISTOGRAM_BOUNDS_MS.length; i++) {
    const here = counts[i] as number
    if (here > 0 && below + here >= rank) {
      const from = i === 0 ? 0 : (HISTOGRAM_BOUNDS_MS[i - 1] as number)
      const to = HISTOGRAM_BOUNDS_MS[i] as number
      return from + ((to - from) * (rank - below)) / here
    }
    below += here
  }
  return HISTOGRAM_BOUNDS_MS.at(-1) as number
}
