/**
 * Waits that end early as a rule: each commit has one. They share a timer, for one that is set and cancelled for
 * each costs more than a small batch does to plan. Neighbour: batch-sender.
 */
import type { Clock } from '../../base/clock.ts'
import { deadline } from '../../base/deadline.ts'

interface Wait {
  /** Monotonic ms. */
  readonly dueMs: number
  readonly end: () => void
}

export class Patience {
  readonly #clock: Clock
  readonly #waits = new Set<Wait>()
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns `result`; undefined when that is not there after `ms` */
  within<T>(ms: number, result: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const dueMs = this.#clock.monotonic() + ms
      const wait = { dueMs, end: () => resolve(undefined) }
      this.#waits.add(wait)
      this.#wakeAt(dueMs)
      result.then(resolve, reject).finally(() => this.#waits.delete(wait))
    })
  }

  #wakeAt(dueMs: number): void {
    if (this.#timer !== undefined && this.#timer.atMs <= dueMs) return
    this.#timer?.cancel()
    const cancel = deadline(this.#clock, dueMs - this.#clock.monotonic(), () => this.#wake())
    this.#timer = { atMs: dueMs, cancel }
  }

  #wake(): void {
    this.#timer = undefined
    const now = this.#clock.monotonic()
    let next = Number.POSITIVE_INFINITY
    for (const wait of this.#waits) {
      if (wait.dueMs > now) next = Math.min(next, wait.dueMs)
      else {
        this.#waits.delete(wait)
        wait.end()
      }
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next)
  }
}
