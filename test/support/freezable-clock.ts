/** The clock of one process among several: while it is frozen time passes, and its timers wait. */
import type { Clock } from '../../lib/index.ts'

export class FreezableClock implements Clock {
  readonly #inner: Clock
  #isFrozen = false
  #late: (() => void)[] = []

  constructor(inner: Clock) {
    this.#inner = inner
  }

  now(): number {
    return this.#inner.now()
  }

  monotonic(): number {
    return this.#inner.monotonic()
  }

  after(delayMs: number, run: () => void): () => void {
    let isCancelled = false
    const due = (): void => {
      if (isCancelled) return
      if (this.#isFrozen) this.#late.push(due)
      else run()
    }
    const cancel = this.#inner.after(delayMs, due)
    return () => {
      isCancelled = true
      cancel()
    }
  }

  freeze(): void {
    this.#isFrozen = true
  }

  /** Its timers run at the clock's next step. */
  thaw(): void {
    this.#isFrozen = false
    for (const due of this.#late.splice(0)) this.#inner.after(0, due)
  }
}
