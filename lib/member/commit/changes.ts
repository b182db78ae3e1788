/** Wakes who waits for something to change: a batch applied, a commit lost, the close. */
import type { Clock } from '../../base/clock.ts'

export class Changes {
  readonly #clock: Clock
  readonly #waiters = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
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
}
