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
import { followerName } from './source-key.ts'

/** How long a follower that was killed still keeps its place. Unit: ms. */
export const FOLLOWER_TTL_MS = 6_000
/** Renewals in one TTL. */
const RENEWALS_PER_TTL = 4
/** Between two looks while another one follows. Unit: ms. */
const WAIT_MS = 500

export interface FollowerLeaseOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  readonly logger: Logger
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

  private constructor(options: FollowerLeaseOptions) {
    this.#options = options
  }

  /** Resolves when nobody else follows; undefined: the signal came first. */
  static async acquire(options: FollowerLeaseOptions): Promise<FollowerLease | undefined> {
    const lease = new FollowerLease(options)
    const isOurs = await lease.#acquire()
    if (!isOurs) return undefined
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
    try {
      await this.#options.store.revokeLease(this.#lease)
    } catch (error) {
      this.#options.logger.debug({ reason: reasonOf(error) }, 'lease not revoked: it runs out')
    }
  }

  async #acquire(): Promise<boolean> {
    const { clock, signal, logger, onWaiting } = this.#options
    let isSaid = false
    while (!signal.aborted) {
      try {
        const other = await this.#try()
        if (other === undefined) return true
        if (!isSaid) onWaiting(other)
        isSaid = true
      } catch (error) {
        const mayPass =
          error instanceof StoreError && (error.retriable || error.outcome === 'unknown')
        if (!mayPass || error.code === 'STORE_CLOSED') throw error
        logger.warn({ reason: error.message }, 'store not reachable, trying again')
      }
      await pause(clock, WAIT_MS, signal)
    }
    return false
  }

  /** @returns who has it; undefined: we */
  async #try(): Promise<string | undefined> {
    const { store, layout, clock, name } = this.#options
    const [there] = (await store.range({ start: layout.follower })).kvs
    if (there !== undefined) {
      // A try whose outcome was not known.
      if (Buffer.from(there.value).includes(this.#run)) return undefined
      return followerName(there.value)
    }
    const sentMs = clock.monotonic()
    const { id } = await store.grantLease({ ttlMs: FOLLOWER_TTL_MS })
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
    const { store, clock, logger } = this.#options
    while (!this.#isOver) {
      await pause(clock, FOLLOWER_TTL_MS / RENEWALS_PER_TTL)
      if (this.#isOver) return
      const sentMs = clock.monotonic()
      try {
        await store.keepLeaseAlive(this.#lease)
        this.#confirmedMs = sentMs
      } catch (error) {
        logger.warn({ reason: reasonOf(error) }, 'the place as follower is not confirmed')
        const isGone =
          error instanceof StoreError &&
          (error.code === 'STORE_LEASE_NOT_FOUND' || error.code === 'STORE_CLOSED')
        if (!isGone && clock.monotonic() - this.#confirmedMs < FOLLOWER_TTL_MS) continue
        this.#isOver = true
        this.#lost.abort()
      }
    }
  }
}
