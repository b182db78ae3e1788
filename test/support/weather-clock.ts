/** The clocks of one machine among several: its wall clock jumps, or it is suspended, and its monotonic clock stands still meanwhile. */
import type { Clock } from '../../lib/index.ts'

export class WeatherClock implements Clock {
  readonly #inner: Clock
  #jumpedMs = 0
  /** Of the monotonic clock, in all times that it was suspended. */
  #stoodMs = 0
  /** Since then it is suspended. */
  #sinceMs: number | undefined
  #late: (() => void)[] = []

  constructor(inner: Clock) {
    this.#inner = inner
  }

  now(): number {
    return this.#inner.now() + this.#jumpedMs
  }

  monotonic(): number {
    return (this.#sinceMs ?? this.#inner.monotonic()) - this.#stoodMs
  }

  after(delayMs: number, run: () => void): () => void {
    let isCancelled = false
    const due = (): void => {
      if (isCancelled) return
      if (this.#sinceMs === undefined) run()
      else this.#late.push(due)
    }
    const cancel = this.#inner.after(delayMs, due)
    return () => {
      isCancelled = true
      cancel()
    }
  }

  /** By NTP, or by hand. */
  jump(ms: number): void {
    this.#jumpedMs += ms
  }

  suspend(): void {
    this.#sinceMs = this.#inner.monotonic()
  }

  /** Its timers run at the clock's next step. */
  resume(): void {
    this.#stoodMs += this.#inner.monotonic() - (this.#sinceMs ?? 0)
    this.#sinceMs = undefined
    for (const due of this.#late.splice(0)) this.#inner.after(0, due)
  }
}
