/**
 * One process follows the ensemble, the others wait to take its place: a key on a lease. That nothing is written twice, or
 * twice differently, does not depend on it: each transaction is planned behind the one before it, whoever writes.
 * Neighbour: mirror.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { pause } from '../base/pause.ts'
import { reasonOf } from '../base/reason-of.ts'
import type { Layout } from '../format/layout.ts'
import { StoreError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { LeaseId } from '../store/types.ts'
import { mayPass } from './may-pass.ts'
import type { MirrorBounds } from './mirror-bounds.ts'
import { followerName } from './source-key.ts'

/** Renewals in one TTL. */
const RENEWALS_PER_TTL = 4

export interface FollowerLeaseOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  readonly logger: Logger
  readonly bounds: Pick<MirrorBounds, 'leaseMs' | 'leaseLookMs'>
  /** For people: who this is. */
  readonly name: string
  readonly signal: AbortSignal
  /** Called once, with the name of the one that follows now. */
  readonly onWaiting: (name: string) => void
}

export class FollowerLease {
  readonly #options: FollowerLeaseOptions
  readonly #lost = new AbortController()
  readonly #run = randomBytes(8).toString('hex')
  #lease: LeaseId = 0n
  #confirmedMs = 0
  #isOver = false
  #cancelLoss: () => void = () => {}

  private constructor(options: FollowerLeaseOptions) {
    this.#options = options
  }

  /** Resolves when nobody else follows; undefined: the signal came first. */
  static async acquire(options: FollowerLeaseOptions): Promise<FollowerLease | undefined> {
    const lease = new FollowerLease(options)
    const isOurs = await lease.#acquire()
    if (!isOurs) return undefined
    lease.#confirm(lease.#confirmedMs)
    void lease.#renew()
    return lease
  }

  /** Another process may follow from now on. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Never throws. */
  async release(): Promise<void> {
    this.#isOver = true
    this.#cancelLoss()
    try {
      await this.#options.store.revokeLease(this.#lease)
    } catch (error) {
      this.#options.logger.debug({ reason: reasonOf(error) }, 'lease not revoked: it runs out')
    }
  }

  async #acquire(): Promise<boolean> {
    const { clock, signal, logger, onWaiting, bounds } = this.#options
    let isSaid = false
    let isReachable = true
    while (!signal.aborted) {
      try {
        const other = await this.#try()
        if (other === undefined) return true
        if (!isSaid) onWaiting(other)
        isSaid = true
        isReachable = true
      } catch (error) {
        if (!mayPass(error)) throw error
        if (isReachable) logger.warn({ reason: error.message }, 'store not reachable, trying again')
        isReachable = false
      }
      await pause(clock, bounds.leaseLookMs, signal)
    }
    return false
  }

  /** @returns who has it; undefined: we */
  async #try(): Promise<string | undefined> {
    const { store, layout, clock, name, bounds } = this.#options
    const [there] = (await store.range({ start: layout.follower })).kvs
    if (there !== undefined) {
      // A try whose outcome was not known.
      if (Buffer.from(there.value).includes(this.#run)) return undefined
      return followerName(there.value)
    }
    const sentMs = clock.monotonic()
    const { id } = await store.grantLease({ ttlMs: bounds.leaseMs })
    this.#lease = id
    this.#confirmedMs = sentMs
    const value = Buffer.from(JSON.stringify({ f: 1, run: this.#run, name }))
    const { committed } = await store.txn({
      compares: [{ target: 'version', key: layout.follower, equals: 0 }],
      ops: [{ type: 'put', key: layout.follower, value, lease: id }],
    })
    if (committed) return undefined
    await store.revokeLease(id)
    return ''
  }

  async #renew(): Promise<void> {
    const { store, clock, logger, bounds } = this.#options
    while (!this.#isOver) {
      await pause(clock, bounds.leaseMs / RENEWALS_PER_TTL, this.lost)
      if (this.#isOver) return
      const sentMs = clock.monotonic()
      try {
        await store.keepLeaseAlive(this.#lease)
        this.#confirm(sentMs)
      } catch (error) {
        logger.warn({ reason: reasonOf(error) }, 'the place as follower is not confirmed')
        const isGone =
          error instanceof StoreError &&
          (error.code === 'STORE_LEASE_NOT_FOUND' || error.code === 'STORE_CLOSED')
        if (isGone) this.#lose()
      }
    }
  }

  /** Whatever the store does with the next renewal: the place is lost when its time is up. */
  #confirm(sentMs: number): void {
    const { clock, bounds } = this.#options
    if (this.#isOver) return
    this.#confirmedMs = sentMs
    this.#cancelLoss()
    const leftMs = Math.max(0, sentMs + bounds.leaseMs - clock.monotonic())
    this.#cancelLoss = clock.after(leftMs, () => this.#lose())
  }

  #lose(): void {
    this.#isOver = true
    this.#cancelLoss()
    this.#lost.abort()
  }
}
