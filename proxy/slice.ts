/**
 * How long one client may be served before it is others' turn. Requests and bytes are counted, and the clock is
 * read now and then only. Neighbours: connection, fair-turns.
 */

import type { FairTurns } from './fair-turns.ts'

/** After so many requests the clock is read. */
const REQUESTS_PER_LOOK = 32
/** So many bytes of request and reply count as another request. */
const BYTES_PER_REQUEST = 4_096

export class Slice {
  readonly #now: () => number
  readonly #sliceMs: number
  readonly #turns: FairTurns
  #beganMs = 0
  /** Since the clock was read. */
  #requests = 0

  constructor(now: () => number, sliceMs: number, turns: FairTurns) {
    this.#now = now
    this.#sliceMs = sliceMs
    this.#turns = turns
  }

  begin(): void {
    this.#requests = 0
    this.#beganMs = this.#now()
  }

  /** A request of so many bytes, its reply included, was served: is the slice over? */
  isOverAfter(bytes: number): boolean {
    this.#requests += bytes < BYTES_PER_REQUEST ? 1 : 1 + Math.floor(bytes / BYTES_PER_REQUEST)
    if (this.#requests < REQUESTS_PER_LOOK) return false
    this.#requests = 0
    const usedMs = this.#now() - this.#beganMs
    if (usedMs < this.#sliceMs) return false
    this.#turns.spent(usedMs)
    return true
  }
}
