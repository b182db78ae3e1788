/**
 * Keeps the process alive while something is open: the library's own timers do not. A clock without `hold`, as the
 * tests have, holds nothing. Neighbour: clock.
 */
import type { Clock } from './clock.ts'

export class ProcessHold {
  readonly #clock: Clock
  #release: (() => void) | undefined
  #isOver = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.ref()
  }

  /** The process stays alive from now on. No effect after end(). */
  ref(): void {
    if (!this.#isOver) this.#release ??= this.#clock.hold?.()
  }

  /** The process may end, as far as this one is concerned. */
  unref(): void {
    this.#release?.()
    this.#release = undefined
  }

  end(): void {
    this.#isOver = true
    this.unref()
  }
}
