/**
 * Leases of one handle: calls that need an answer soon, on a connection that no large reply holds up,
 * and the sweeps that end overdue leases. Every open handle sweeps; the server's clock judges.
 * Neighbours: lua.ts, redis-store.ts.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../lib/base/clock.ts'
import type { Lease, LeaseId } from '../../lib/store/types.ts'
import type { Dataset } from './dataset.ts'
import type { Arg, Link } from './link.ts'
import { leaseBytes } from './requests.ts'
import { type Reply, SCRIPTS, type Script } from './scripts.ts'

export interface LeasesOptions {
  readonly dataset: Dataset
  readonly link: Link
  readonly clock: Clock
  readonly writeTimeoutMs: number
  readonly renewTimeoutMs: number
  /** Pause between sweeps. Unit: ms. */
  readonly sweepMs: number
  readonly feedBytesMax: number
}

/** Overdue leases one sweep ends; when there are more the next one follows at once. */
const SWEPT_MAX = 20

export class Leases {
  readonly #options: LeasesOptions
  #cancelSweep = (): void => {}
  #isClosed = false

  constructor(options: LeasesOptions) {
    this.#options = options
  }

  /** Ids are drawn by lot: one that a failover lost is not given to somebody else. */
  async grant(askedMs: number): Promise<Lease> {
    const ttlMs = Math.ceil(askedMs)
    const id = (randomBytes(8).readBigUInt64BE() >> 1n) | 1n
    await this.#call(SCRIPTS.grant, this.#options.writeTimeoutMs, leaseBytes(id), ttlMs)
    return { id, ttlMs }
  }

  async renew(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    const [, ttlMs] = await this.#call(SCRIPTS.renew, this.#options.renewTimeoutMs, leaseBytes(id))
    return { ttlMs: ttlMs as number }
  }

  async revoke(id: LeaseId): Promise<void> {
    const { writeTimeoutMs, feedBytesMax } = this.#options
    await this.#call(SCRIPTS.revoke, writeTimeoutMs, feedBytesMax, leaseBytes(id))
  }

  /** Sweeps from now on. */
  startSweeping(): void {
    const { clock, sweepMs } = this.#options
    if (this.#isClosed) return
    // Handles that began together shall not sweep together.
    const pauseMs = sweepMs * (0.75 + Math.random() / 2)
    this.#cancelSweep = clock.after(pauseMs, () => {
      void this.#sweep().then(() => this.startSweeping())
    })
  }

  stop(): void {
    this.#isClosed = true
    this.#cancelSweep()
  }

  /** Never fails: what it could not do it tries again the next time. */
  async #sweep(): Promise<void> {
    const { renewTimeoutMs, feedBytesMax } = this.#options
    try {
      for (let swept = SWEPT_MAX; swept === SWEPT_MAX && !this.#isClosed; ) {
        const reply = await this.#call(SCRIPTS.sweep, renewTimeoutMs, feedBytesMax, SWEPT_MAX)
        swept = reply[1] as number
      }
    } catch {
      // A call that matters will say what is wrong.
    }
  }

  #call(script: Script, timeoutMs: number, ...args: Arg[]): Promise<Reply> {
    return this.#options.link.run(timeoutMs, (c) => this.#options.dataset.call(c, script, ...args))
  }
}
