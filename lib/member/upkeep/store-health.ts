/**
 * May clients be served? Judged by three facts: our heartbeats, how fresh the replica is proven to be, and
 * the commit that waits longest. A pause of this process is not the store's silence: it looks
 * at the store first. Neighbours: serving (acts on it), proxy-registry (sends the heartbeats).
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'

/** Between two checks. Unit ms. */
export const CHECK_MS = 250
/** A check that is later than this was kept from running: the process was stopped, or a turn was long. Unit ms. */
const OWN_PAUSE_MS = 1_000

export interface StoreHealthOptions {
  readonly clock: Clock
  readonly limits: Pick<
    KeeperLimits,
    | 'storeSilenceMsMax'
    | 'freshnessMsMax'
    | 'feedSilenceMsMax'
    | 'commitSilenceMsMax'
    | 'doubtMsMax'
  >
  /** How long the oldest commit in flight has been waiting for its outcome, ms; 0: none is. */
  readonly stalledMs: () => number
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
  /** When a check ran last, monotonic ms, and how far the wall clock was ahead of that. */
  #checkedMs: number
  #aheadMs: number
  /** When this process continued after a pause of its own; monotonic ms. */
  #wokeMs = Number.NEGATIVE_INFINITY
  /** Since when it doubts, in time that it ran. */
  #doubtFromMs = Number.NEGATIVE_INFINITY

  constructor(options: StoreHealthOptions) {
    this.#options = options
    const now = options.clock.monotonic()
    this.#lastHeartbeatMs = now
    this.#lastFeedEventMs = now
    this.#provenMs = now
    this.#checkedMs = now
    this.#aheadMs = options.clock.now() - now
  }

  /** To be called every {@link CHECK_MS}, behind a {@link look}: the timers run. */
  checked(): void {
    const { clock } = this.#options
    this.#checkedMs = clock.monotonic()
    this.#aheadMs = clock.now() - this.#checkedMs
  }

  /**
   * Has this process been paused since the last check? Then doubt begins. @returns for how long by the
   * monotonic clock, ms, which may stand still while the machine is suspended; undefined: it has not
   */
  look(): number | undefined {
    const { clock } = this.#options
    const now = clock.monotonic()
    const pausedMs = Math.max(0, now - this.#checkedMs - CHECK_MS)
    const isPause = pausedMs > OWN_PAUSE_MS || clock.now() - now - this.#aheadMs > OWN_PAUSE_MS
    if (!isPause) return undefined
    // One pause behind the other must not put the end off for ever: only time that it ran counts.
    this.#doubtFromMs = this.isInDoubt ? this.#doubtFromMs + pausedMs : now
    this.#wokeMs = now
    // Its silence counts from here: what it said meanwhile is not read yet.
    this.#lastFeedEventMs = Math.max(this.#lastFeedEventMs, now)
    this.checked()
    return pausedMs
  }

  /**
   * After a pause of this process: the store has not been seen since. Others may have written, and may have
   * ended our sessions when our lease ran out.
   */
  get isInDoubt(): boolean {
    return this.#provenMs < this.#wokeMs || this.#lastHeartbeatMs < this.#wokeMs
  }

  /** A heartbeat sent at this monotonic time was confirmed. */
  heartbeat(sentMs: number): void {
    this.#lastHeartbeatMs = Math.max(this.#lastHeartbeatMs, sentMs)
  }

  /** The replica has everything that was committed before this monotonic time. */
  proven(atMs: number): void {
    this.#provenMs = Math.max(this.#provenMs, atMs)
  }

  /** When the newest confirmed heartbeat was sent, monotonic ms. */
  get heartbeatMs(): number {
    return this.#lastHeartbeatMs
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
    if (this.isInDoubt) return now - this.#doubtFromMs > limits.doubtMsMax
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
