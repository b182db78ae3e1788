/** Wakes the waiters for a change: a batch applied, a commit lost, the close. */
import { backoffMs } from '../../base/backoff.ts'
import type { Clock, Random } from '../../base/clock.ts'

/** Between two tries of the same call. Unit ms. */
const RETRY = { firstMs: 50, maxMs: 300 }

export class Changes {
  readonly #clock: Clock
  readonly #random: Random
  readonly #waiters = new Set<() => void>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  wake(): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }

  /** Resolves with true at the next change, with false after `timeoutMs`. */
  next(timeoutMs?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel =
        timeoutMs === undefined
          ? undefined
          : this.#clock.after(timeoutMs, () => {
              this.#waiters.delete(wake)
              resolve(false)
            })
      const wake = () => {
        cancel?.()
        resolve(true)
      }
      this.#waiters.add(wake)
    })
  }

  /**
   * A call failed `failures` times in a row: resolves when it may be tried again, or at a change.
   */
  backOff(failures: number): Promise<boolean> {
    return this.next(backoffMs(failures, RETRY) * (0.5 + this.#random.fraction()))
  }
}
