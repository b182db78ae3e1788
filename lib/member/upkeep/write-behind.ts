/**
 * Are records written behind the journal? They are durable in it, so serving continues without; but the journal grows, and
 * one day writes wait for it. No work is no trouble. Neighbours: serving (looks), tree/backlog (what is behind).
 */
import type { Clock } from '../../base/clock.ts'
import type { Replica } from '../tree/replica.ts'

export interface WriteBehindOptions {
  readonly clock: Clock
  readonly silenceMsMax: number
  readonly replica: () => Replica
  /** Records that this proxy wrote, ever. */
  readonly flushedKeys: () => number
}

export class WriteBehind {
  readonly #options: WriteBehindOptions
  #replica: Replica | undefined
  #flushed = 0
  #flushedKeys = 0
  /** When there was progress last, or nothing to do. Monotonic ms. */
  #progressMs: number

  constructor(options: WriteBehindOptions) {
    this.#options = options
    this.#progressMs = options.clock.monotonic()
  }

  /** To be called now and then. `pausedMs`: this process did nothing for so long. */
  look(pausedMs = 0): void {
    const replica = this.#options.replica()
    const flushedKeys = this.#options.flushedKeys()
    // Another proxy may have written them: its commits move the mark.
    const hasProgress =
      replica !== this.#replica ||
      replica.backlog.size === 0 ||
      replica.flushed !== this.#flushed ||
      flushedKeys !== this.#flushedKeys
    const now = this.#options.clock.monotonic()
    this.#progressMs = hasProgress ? now : Math.min(now, this.#progressMs + pausedMs)
    this.#replica = replica
    this.#flushed = replica.flushed
    this.#flushedKeys = flushedKeys
  }

  /** For how long records have been behind while none was written. 0: none is behind. Unit ms. */
  get stalledMs(): number {
    if (this.#options.replica().backlog.size === 0) return 0
    return this.#options.clock.monotonic() - this.#progressMs
  }

  get isStalled(): boolean {
    return this.stalledMs > this.#options.silenceMsMax
  }
}
