/**
 * Has the store's space given back where the store does not do so by itself, if it is allowed. One live member does it; after a
 * step that failed it waits. Neighbours: space-watch (says when to look), adapters (what is done, and in what order).
 */

import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { reasonOf } from '../../base/reason-of.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { ReclaimStep, StoreSpace } from '../../store/types.ts'

export interface ReclaimerOptions {
  readonly store: MetadataStore
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Pick<
    KeeperLimits,
    | 'storeMaintenance'
    | 'maintenanceRatio'
    | 'maintenanceShare'
    | 'maintenanceFreeShare'
    | 'maintenanceTimeoutMs'
    | 'maintenanceRetryMs'
    | 'maintenancePauseMs'
  >
  /** One of the live members does it. */
  readonly isMyTurn: () => boolean
}

export class Reclaimer {
  /** Steps by what was done, and rounds that failed. */
  readonly counters = { compacted: 0, defragmented: 0, disarmed: 0, failed: 0 }
  readonly #options: ReclaimerOptions
  #isBusy = false
  #stopped = false
  /** No round begins before this monotonic time: the last one failed. */
  #restMs = Number.NEGATIVE_INFINITY
  /** Nor before this one, unless the store is full: it was done in time. */
  #pausedMs = Number.NEGATIVE_INFINITY
  /** Why the last round failed; "": it did not. */
  #failure = ''

  constructor(options: ReclaimerOptions) {
    this.#options = options
  }

  /** This much space the store has. */
  looked(space: StoreSpace): void {
    if (!this.#isBusy && this.#isDue(space)) void this.#run(space)
  }

  /** The step that is in progress ends by itself. */
  stop(): void {
    this.#stopped = true
  }

  #isDue({ usedBytes, inUseBytes, maxBytes = 0, isFull }: StoreSpace): boolean {
    const { store, clock, limits, isMyTurn } = this.#options
    if (!limits.storeMaintenance || store.reclaim === undefined || this.#stopped) return false
    const now = clock.monotonic()
    if (now < this.#restMs || !isMyTurn()) return false
    if (isFull) return true
    if (now < this.#pausedMs) return false
    const isLarge = usedBytes >= limits.maintenanceShare * maxBytes
    return isLarge && usedBytes >= limits.maintenanceRatio * inUseBytes
  }

  async #run({ isFull }: StoreSpace): Promise<void> {
    const { store, clock, limits, isMyTurn } = this.#options
    this.#isBusy = true
    try {
      await store.reclaim?.({
        ratio: limits.maintenanceRatio,
        share: limits.maintenanceShare,
        freeShare: limits.maintenanceFreeShare,
        timeoutMs: limits.maintenanceTimeoutMs,
        mayGoOn: () => !this.#stopped && isMyTurn(),
        onStep: (step) => this.#stepped(step),
      })
      this.#failure = ''
      // Full, there is something to do as soon as somebody deletes.
      if (!isFull) this.#pausedMs = clock.monotonic() + limits.maintenancePauseMs
    } catch (error) {
      this.#failed(error)
    }
    this.#isBusy = false
  }

  #stepped(step: ReclaimStep): void {
    this.counters[step.what]++
    const { what, member, beforeBytes, afterBytes } = step
    const where = member === '' ? {} : { member }
    this.#options.logger.info({ ...where, beforeBytes, afterBytes }, `store maintenance: ${what}`)
  }

  /** Members that do not answer may soon do; a step that is late may still be in progress, and a refusal lasts. */
  #failed(error: unknown): void {
    const { clock, logger, limits } = this.#options
    if (this.#stopped) return
    this.counters.failed++
    const reason = reasonOf(error)
    const isPassing = error instanceof StoreError && error.code === 'STORE_UNAVAILABLE'
    const pauseMs = isPassing ? limits.maintenanceRetryMs : limits.maintenancePauseMs
    this.#restMs = clock.monotonic() + pauseMs
    if (reason === this.#failure) return
    this.#failure = reason
    logger.warn({ reason, pauseMs }, 'store maintenance failed')
  }
}
