/** Since when requests wait while none is answered. Neighbours: group-committer (reports), serving (judges). */
import type { Clock } from '../../base/clock.ts'

/** Without a request for this long, a txn of records alone delays none. Unit ms. */
const QUIET_MS = 50

export class Progress {
  readonly #clock: Clock
  /** Nothing waits for the store. */
  readonly #isIdle: () => boolean
  /** When the last request was answered, monotonic ms. */
  #requestMs = Number.NEGATIVE_INFINITY
  /** When a request was answered last, or the first of those that wait came. Monotonic ms. */
  #progressMs = 0

  constructor(clock: Clock, isIdle: () => boolean) {
    this.#clock = clock
    this.#isIdle = isIdle
  }

  /** How long requests have been waiting while none was answered, whatever they wait for. Unit ms. */
  get stalledMs(): number {
    return this.#isIdle() ? 0 : this.#clock.monotonic() - this.#progressMs
  }

  /** No request was answered just now. */
  get isQuiet(): boolean {
    return this.#requestMs <= this.#clock.monotonic() - QUIET_MS
  }

  /** Something is about to wait for the store. @returns now, monotonic ms */
  begins(): number {
    const now = this.#clock.monotonic()
    if (this.#isIdle()) this.#progressMs = now
    return now
  }

  /** The store has answered, for so many requests. */
  made(requests = 0): void {
    this.#progressMs = this.#clock.monotonic()
    if (requests > 0) this.#requestMs = this.#progressMs
  }

  /** This process was paused for so long: nobody could answer it meanwhile. */
  resumed(pausedMs: number): void {
    this.#progressMs = Math.min(this.#progressMs + pausedMs, this.#clock.monotonic())
  }
}
