/**
 * May clients be served? Judged by three facts: our heartbeats, how fresh the replica is proven to be, and
 * the commit that waits longest. Neighbours: keeper (serves only while it does), proxy-registry (sends the heartbeats).
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'

/** Between two checks. Unit ms. */
const CHECK_MS = 250

export interface StoreHealthOptions {
  readonly clock: Clock
  readonly limits: Pick<
    KeeperLimits,
    'storeSilenceMsMax' | 'freshnessMsMax' | 'feedSilenceMsMax' | 'commitSilenceMsMax'
  >
  /** How long the oldest commit in flight has been waiting for its outcome, ms; 0: none is. */
  readonly stalledMs: () => number
  /** Called every quarter of a second. */
  readonly onCheck: () => void
}

export class StoreHealth {
  readonly #options: StoreHealthOptions
  /**
   * When the newest confirmed heartbeat was sent, and when the feed said something last. Monotonic
   * ms.
   */
  #lastHeartbeatMs: number
  #lastFeedEventMs: number
  /** The replica has everything that was committed before this monotonic time. */
  #provenMs: number
  #cancel: (() => void) | undefined

  constructor(options: StoreHealthOptions) {
    this.#options = options
    this.#lastHeartbeatMs = options.clock.monotonic()
    this.#lastFeedEventMs = this.#lastHeartbeatMs
    this.#provenMs = this.#lastHeartbeatMs
  }

  start(): void {
    const { clock, onCheck } = this.#options
    this.#cancel = clock.after(CHECK_MS, () => {
      onCheck()
      this.start()
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  /** A heartbeat sent at this monotonic time was confirmed. */
  heartbeat(sentMs: number): void {
    this.#lastHeartbeatMs = Math.max(this.#lastHeartbeatMs, sentMs)
  }

  /** The replica has everything that was committed before this monotonic time. */
  proven(atMs: number): void {
    this.#provenMs = Math.max(this.#provenMs, atMs)
  }

  get provenMs(): number {
    return this.#provenMs
  }

  /** The feed has been silent for too long, though it brings empty batches when nothing happens. */
  get isFeedSilent(): boolean {
    const { clock, limits } = this.#options
    return clock.monotonic() - this.#lastFeedEventMs > limits.feedSilenceMsMax
  }

  /** The feed said something, be it that nothing happened. */
  feedEvent(): void {
    this.#lastFeedEventMs = this.#options.clock.monotonic()
  }

  /** Reads may be stale, and writes may hang: no session may be served. */
  get isSilent(): boolean {
    const { clock, limits, stalledMs } = this.#options
    const now = clock.monotonic()
    return (
      now - this.#lastHeartbeatMs > limits.storeSilenceMsMax ||
      now - this.#provenMs > limits.freshnessMsMax ||
      stalledMs() > limits.commitSilenceMsMax
    )
  }

  /** For the log. Whole ms. */
  get silence(): { silentMs: number; unprovenMs: number; stalledMs: number } {
    const { clock, stalledMs } = this.#options
    const now = clock.monotonic()
    return {
      silentMs: Math.round(now - this.#lastHeartbeatMs),
      unprovenMs: Math.round(now - this.#provenMs),
      stalledMs: Math.round(stalledMs()),
    }
  }
}
