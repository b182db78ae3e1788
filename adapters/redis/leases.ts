/**
 * Leases of one handle: urgent calls, on a connection that no large reply delays, and the sweeps
 * that end overdue leases. Every open handle sweeps; the server's clock decides what is overdue.
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

/** Overdue leases that one sweep ends; with more of them the next sweep follows immediately. */
const SWEPT_MAX = 20

export class Leases {
  readonly #options: LeasesOptions
  #cancelSweep = (): void => {}
  #isClosed = false

  constructor(options: LeasesOptions) {
    this.#options = options
  }

  /** Ids are random, so an id that a failover lost is not granted again. */
  async grant(requestedMs: number): Promise<Lease> {
    const ttlMs = Math.ceil(requestedMs)
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

  /** Starts the sweeps, which continue until {@link stop}. */
  startSweeping(): void {
    const { clock, sweepMs } = this.#options
    if (this.#isClosed) return
    // So that handles that were opened together do not sweep together.
    const pauseMs = sweepMs * (0.75 + Math.random() / 2)
    this.#cancelSweep = clock.after(pauseMs, () => {
      void this.#sweep().then(() => this.startSweeping())
    })
  }

  stop(): void {
    this.#isClosed = true
    this.#cancelSweep()
  }

  /** Never rejects: the next sweep retries what this one could not do. */
  async #sweep(): Promise<void> {
    const { renewTimeoutMs, feedBytesMax } = this.#options
    try {
      for (let swept = SWEPT_MAX; swept === SWEPT_MAX && !this.#isClosed; ) {
        const reply = await this.#call(SCRIPTS.sweep, renewTimeoutMs, feedBytesMax, SWEPT_MAX)
        swept = reply[1] as number
      }
    } catch {
      // The caller's next call reports the error.
    }
  }

  #call(script: Script, timeoutMs: number, ...args: Arg[]): Promise<Reply> {
    return this.#options.link.run(timeoutMs, (c) => this.#options.dataset.call(c, script, ...args))
  }
}
