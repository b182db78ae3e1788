/** Time that passes only when a test says so. */
import type { Clock } from '../../lib/index.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class ManualClock implements Clock {
  #elapsedMs = 0
  #suspendedMs = 0
  #order = 0
  readonly #timers = new Set<Timer>()

  now(): number {
    return 1_700_000_000_000 + Math.floor(this.#elapsedMs + this.#suspendedMs)
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Runs what falls due, in its order, and lets everything each of them started come to rest. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#timers.delete(next)
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs)
      next.run()
      await settle()
    }
    this.#elapsedMs = endMs
    await settle()
  }

  /** As when the process was stopped: time is gone, and no timer has run yet. */
  skip(ms: number): void {
    this.#elapsedMs += ms
  }

  /** As when the machine was suspended: the wall clock has gone on, and the monotonic one has not. */
  suspend(ms: number): void {
    this.#suspendedMs += ms
  }

  /** The same as {@link skip}, and now they run, late. */
  async jump(ms: number): Promise<void> {
    this.skip(ms)
    await this.advance(0)
  }

  #next(endMs: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue
      const earlier =
        next === undefined ||
        timer.atMs < next.atMs ||
        (timer.atMs === next.atMs && timer.order < next.order)
      if (earlier) next = timer
    }
    return next
  }
}

const TURNS = 12

/** Promises and immediates of an in-process store need no more turns than this. */
export async function settle(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setImmediate(resolve))
}
