/** Notices that a peer has stopped sending, or a store settling. Neighbours: learner-connection, mirror-writer. */
import type { Clock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'

export class Silence {
  readonly #clock: Clock
  readonly #onSilence: () => void
  /** How long it may last. Unit ms. */
  limitMs: number
  #lastMs: number
  #cancel: () => void = () => {}

  constructor(clock: Clock, limitMs: number, onSilence: () => void) {
    this.#clock = clock
    this.limitMs = limitMs
    this.#onSilence = onSilence
    this.#lastMs = clock.monotonic()
    this.#arm(limitMs)
  }

  /** Something was received. */
  touch(): void {
    this.#lastMs = this.#clock.monotonic()
  }

  stop(): void {
    this.#cancel()
  }

  #arm(ms: number): void {
    this.#cancel = deadline(this.#clock, ms, () => {
      const leftMs = this.#lastMs + this.limitMs - this.#clock.monotonic()
      if (leftMs > 0) this.#arm(leftMs)
      else this.#onSilence()
    })
  }
}
