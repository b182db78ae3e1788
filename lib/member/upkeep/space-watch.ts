/**
 * Looks at what the store has left: history is kept only as far as there is room for it, and that it gets full is said
 * before, when, and until it is. Every member looks; one compacts. Neighbours: compactor, reclaimer.
 */

import type { Clock } from '../../base/clock.ts'
import type { Faults } from '../../base/faults.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { reasonOf } from '../../base/reason-of.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { StoreSpace } from '../../store/types.ts'

export interface SpaceWatchOptions {
  readonly store: MetadataStore
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: Faults
  readonly limits: Pick<
    KeeperLimits,
    | 'spaceCheckMs'
    | 'noSpaceRetryMs'
    | 'spaceShortShare'
    | 'spaceWellShare'
    | 'historyBytesMax'
    | 'historyBytesMin'
    | 'historyRoomPart'
  >
  /** Journal bytes of history that there is room for. */
  readonly onRoom: (bytes: number) => void
  /** The store takes no writes: history is to be given up now. */
  readonly onFull: () => void
  /** Behind each look that brought an answer. `mark`: what {@link mark} was before it. */
  readonly onLook?: (space: StoreSpace, mark: number) => void
  /** What was known no longer holds. */
  readonly onUnknown?: () => void
  /** How far the store has come when a look begins. */
  readonly mark?: () => number
}

export class SpaceWatch {
  /** As of the last look; undefined: not known. */
  space: StoreSpace | undefined
  readonly #options: SpaceWatchOptions
  #level: 'well' | 'short' | 'full' = 'well'
  #isUnknownSaid = false
  /** When it was looked at last for more than whether it is still full, monotonic ms. */
  #lookedMs = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(options: SpaceWatchOptions) {
    this.#options = options
  }

  /** Does nothing where the store does not report it. */
  start(): void {
    const { store, clock, limits } = this.#options
    if (store.space === undefined || limits.spaceCheckMs === 0 || this.#stopped) return
    const { spaceCheckMs, noSpaceRetryMs } = limits
    const isDue = clock.monotonic() - this.#lookedMs >= spaceCheckMs
    const looked = this.#options.faults.guard(this.#look(!isDue), 'the watch of the store’s space')
    void looked.then(() => {
      if (this.#stopped) return
      const delayMs = this.#level === 'full' ? Math.min(spaceCheckMs, noSpaceRetryMs) : spaceCheckMs
      this.#cancel = clock.after(delayMs, () => this.start())
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  /** @returns what it found; undefined: nothing that is known */
  look(): Promise<StoreSpace | undefined> {
    return this.#look(false)
  }

  /** `isBrief`: only the end of a full store matters. While it lasts, nothing begins: that costs more than the look. */
  async #look(isBrief: boolean): Promise<StoreSpace | undefined> {
    const { store, clock, onLook, mark } = this.#options
    if (!isBrief) this.#lookedMs = clock.monotonic()
    let space: StoreSpace | undefined
    const before = mark?.() ?? 0
    try {
      space = await store.space?.()
    } catch (error) {
      this.#failed(error)
    }
    if (space === undefined || this.#stopped) return undefined
    if (isBrief && space.isFull && this.#level === 'full') {
      this.space = space
      return space
    }
    this.#judge(space)
    onLook?.(space, before)
    return space
  }

  /** Not known for good, as far as one can see: what was known before no longer holds. Whatever it is, it ends nothing. */
  #failed(error: unknown): void {
    const { logger, onRoom } = this.#options
    // While it is out of reach, others say so.
    if (error instanceof StoreError && (error.retriable || error.code === 'STORE_CLOSED')) return
    this.space = undefined
    onRoom(Number.POSITIVE_INFINITY)
    this.#options.onUnknown?.()
    if (this.#isUnknownSaid) return
    this.#isUnknownSaid = true
    const reason = reasonOf(error)
    logger.warn({ reason }, 'how much space the store has left is not known')
  }

  #judge(space: StoreSpace): void {
    const { logger, limits, onRoom, onFull } = this.#options
    this.space = space
    const { inUseBytes, maxBytes, remedy } = space
    if (maxBytes !== undefined && space.hasHistory) {
      const left = (maxBytes - inUseBytes) / limits.historyRoomPart
      onRoom(Math.min(Math.max(left, limits.historyBytesMin), limits.historyBytesMax))
    }
    const before = this.#level
    const share = maxBytes === undefined ? 0 : inUseBytes / maxBytes
    const isShort = share >= (before === 'well' ? limits.spaceShortShare : limits.spaceWellShare)
    this.#level = space.isFull ? 'full' : isShort ? 'short' : 'well'
    if (space.isFull) onFull()
    if (this.#level === before) return
    const { usedBytes } = space
    const figures = { usedBytes, inUseBytes, maxBytes, ...(remedy === '' ? {} : { remedy }) }
    if (this.#level === 'full') logger.error(figures, 'the store refuses writes for lack of space')
    else if (this.#level === 'short' && before === 'full')
      logger.warn(figures, 'the store has space again, but is still getting full')
    else if (this.#level === 'short') logger.warn(figures, 'the store is getting full')
    else logger.info(figures, 'the store has space again')
  }
}
