/**
 * A member’s part in a take-over, before it: sends nothing more, waits until all that was sent is answered, has the leader say how far
 * it is, and reports that. If nothing comes of it, it forwards again. Neighbours: zookeeper-upstream, hand-over (the other side).
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { ForwarderKey } from './forwarder-key.ts'
import type { PhaseGate } from './phase-gate.ts'

/**
 * A freeze is over after so many times holdMsMax in any case, also where the store does not say whether whoever began it is gone. By
 * then every request that was held is disconnected.
 */
const HOLDS_MAX = 3

export interface FreezeOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly gate: PhaseGate
  readonly key: ForwarderKey
  /** For how long a request may be held. Unit ms. */
  readonly holdMsMax: number
  /** Requests that are sent, and not answered. */
  readonly inFlight: () => number
  readonly sessionCount: () => number
  /** Newest zxid of the replica. */
  readonly zxid: () => number
  readonly hasLeader: () => boolean
  /** Does whoever takes over live, as the store says? Its member id is the token. @throws {StoreError} */
  readonly isHeldBy: (holder: string) => Promise<boolean>
  /** Calls `done` when the replica has all that the leader has committed, or `failed`. */
  readonly sync: (done: () => void, failed: () => void) => void
  /** What was held is sent. */
  readonly onThaw: () => void
}

export class Freeze {
  readonly #options: FreezeOptions
  /** As in the source record: the member that takes over. Empty: none. */
  #token = ''
  #sinceMs = 0
  /** Not reported yet, and not about to be. */
  #isDue = false
  /** A look whether whoever takes over lives is in flight. */
  #isLooking = false

  constructor(options: FreezeOptions) {
    this.#options = options
  }

  /** The source record says so. */
  seen(token: string): void {
    if (token === this.#token) return
    this.#token = token
    if (token === '') return this.#thaw('the take-over came to nothing')
    const { logger, clock, gate, inFlight, sessionCount } = this.#options
    const fields = { inFlight: inFlight(), sessions: sessionCount() }
    logger.info(fields, 'the tree is to be taken over: requests wait')
    this.#sinceMs = clock.monotonic()
    this.#isDue = true
    gate.set('frozen')
    this.look()
  }

  /** Something was answered, or time has passed. */
  look(): void {
    const { clock, gate, inFlight, hasLeader, sync, zxid, holdMsMax } = this.#options
    if (gate.phase !== 'frozen') return
    if (clock.monotonic() - this.#sinceMs > HOLDS_MAX * holdMsMax) {
      return this.#thaw('whoever takes over is silent')
    }
    void this.#checkHolder(this.#token)
    if (!this.#isDue || inFlight() > 0) return
    this.#isDue = false
    const token = this.#token
    if (!hasLeader()) return this.#report(token, 0)
    const again = (): void => {
      this.#isDue = true
    }
    sync(() => this.#report(token, zxid()), again)
  }

  /** Killed in the middle: its clients must not wait for it. */
  async #checkHolder(token: string): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const { isHeldBy, gate } = this.#options
    const isHeld = await isHeldBy(token).catch(() => true)
    this.#isLooking = false
    if (isHeld || gate.phase !== 'frozen' || token !== this.#token) return
    this.#thaw('whoever took over is gone')
  }

  /** `zxid`: 0 without a leader. */
  #report(token: string, zxid: number): void {
    const { gate, key, sessionCount } = this.#options
    if (gate.phase !== 'frozen' || token !== this.#token) return
    void key.write({ sessions: sessionCount(), freeze: token, zxid })
  }

  #thaw(why: string): void {
    const { logger, gate, key, sessionCount, onThaw } = this.#options
    if (gate.phase !== 'frozen') return
    logger.warn({ why }, 'requests are forwarded again')
    this.#isDue = false
    void key.write({ sessions: sessionCount(), freeze: '', zxid: 0 })
    gate.set('forwarding')
    onThaw()
  }
}
