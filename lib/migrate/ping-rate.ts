/** How often a leader pings, each half of its tickTime, and how long it may be silent. Neighbour: learner-connection. */
import type { SourceBounds } from './source-bounds.ts'

/** Pings that are looked back at. */
const GAPS = 8

type Bounds = Pick<SourceBounds, 'silenceMs' | 'silenceMsMin' | 'pingsMissingMax'>

export class PingRate {
  readonly #bounds: Bounds
  readonly #gaps: number[] = []
  #lastMs: number | undefined

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** A ping has come. @returns how long a silence may last from now on, ms */
  limitMs(nowMs: number): number {
    const { silenceMs, silenceMsMin, pingsMissingMax } = this.#bounds
    const last = this.#lastMs
    this.#lastMs = nowMs
    if (last !== undefined) this.#gaps.push(nowMs - last)
    if (this.#gaps.length > GAPS) this.#gaps.shift()
    if (this.#gaps.length < GAPS) return silenceMs
    // The middle one: pauses of either side are no rate.
    const gap = [...this.#gaps].sort((a, b) => a - b)[GAPS / 2] as number
    return Math.min(Math.max(gap * pingsMissingMax, silenceMsMin), silenceMs)
  }
}
