/**
 * When the silence of clients is judged: not while this process sleeps or stands still, since what they sent meanwhile is not
 * read yet. Neighbours: session-manager (expires them), stall.
 */
import type { Clock } from '../../base/clock.ts'
import type { Stall } from './stall.ts'

export interface ExpiryTicksOptions {
  readonly clock: Clock
  readonly stall: Stall
  readonly tickTimeMs: number
  /** Looks at the clocks first: see Keeper.checkStore. */
  readonly check: () => void
  /** For so long no client could be received from, ms. */
  readonly pause: (ms: number) => void
  readonly expire: (nowMs: number) => void
}

export class ExpiryTicks {
  readonly #options: ExpiryTicksOptions
  #lastMs: number
  #cancel: () => void = () => {}

  constructor(options: ExpiryTicksOptions) {
    this.#options = options
    this.#lastMs = options.clock.monotonic()
  }

  start(): void {
    const { clock, stall, tickTimeMs, check, pause, expire } = this.#options
    const periodMs = Math.max(20, Math.min(tickTimeMs / 2, 500))
    this.#cancel = clock.after(periodMs, () => {
      // First of all: no fault in what follows ends the expiry of sessions.
      this.start()
      check()
      const now = clock.monotonic()
      // This process slept: what clients sent meanwhile is still unread. Read that first.
      const slept = now - this.#lastMs > periodMs + tickTimeMs / 2
      const pausedMs = stall.pausedMs(now - this.#lastMs)
      this.#lastMs = now
      if (pausedMs > 0) pause(pausedMs)
      else if (!slept) expire(now)
    })
  }

  stop(): void {
    this.#cancel()
  }
}
