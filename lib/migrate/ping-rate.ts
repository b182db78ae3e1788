/** How often a leader pings, each half of its tickTime, and how long it may be silent. Neighbour: learner-connection. */

/** Pings that are looked back at. */
const GAPS = 8
/** So many pings may be missing: ZooKeeper’s own syncLimit is 5 ticks, that is 10. */
const MISSING_MAX = 20
/** Of a loaded machine. Unit ms. */
const LIMIT_MS_MIN = 5_000

export class PingRate {
  readonly #limitMsMax: number
  readonly #gaps: number[] = []
  #lastMs: number | undefined

  constructor(limitMsMax: number) {
    this.#limitMsMax = limitMsMax
  }

  /** A ping has come. @returns how long a silence may last from now on, ms */
  limitMs(nowMs: number): number {
    const last = this.#lastMs
    this.#lastMs = nowMs
    if (last !== undefined) this.#gaps.push(nowMs - last)
    if (this.#gaps.length > GAPS) this.#gaps.shift()
    if (this.#gaps.length < GAPS) return this.#limitMsMax
    // The middle one: pauses of either side are no rate.
    const gap = [...this.#gaps].sort((a, b) => a - b)[GAPS / 2] as number
    const least = Math.min(LIMIT_MS_MIN, this.#limitMsMax)
    return Math.min(Math.max(gap * MISSING_MAX, least), this.#limitMsMax)
  }
}
