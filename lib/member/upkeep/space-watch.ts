/**
 * Looks at what the store has left: history is kept only as far as there is room for it, and that it gets full is said
 * before, when, and until it is. Every member looks; one compacts. Neighbour: compactor.
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { StoreSpace } from '../../store/types.ts'

/** Share of the space that may be in use before it is said, and below which it is well again. */
const SHORT_SHARE = 0.8
const WELL_SHARE = 0.7
/** Of the space left, history in the store may take one part in so many: it is there several times, and unevenly. */
const HISTORY_PART = 8
const HISTORY_BYTES_MIN = 256 * 1024

export interface SpaceWatchOptions {
  readonly store: MetadataStore
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Pick<KeeperLimits, 'spaceCheckMs' | 'historyBytesMax'>
  /** Journal bytes of history that there is room for. */
  readonly onRoom: (bytes: number) => void
  /** The store takes no writes: history is to be given up now. */
  readonly onFull: () => void
}

export class SpaceWatch {
  /** As of the last look; undefined: not known. */
  space: StoreSpace | undefined
  readonly #options: SpaceWatchOptions
  #level: 'well' | 'short' | 'full' = 'well'
  #isUnknownSaid = false
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(options: SpaceWatchOptions) {
    this.#options = options
  }

  /** Does nothing where the store does not report it. */
  start(): void {
    const { store, clock, limits } = this.#options
    if (store.space === undefined || limits.spaceCheckMs === 0 || this.#stopped) return
    void this.#look().finally(() => {
      if (this.#stopped) return
      this.#cancel = clock.after(limits.spaceCheckMs, () => this.start())
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async #look(): Promise<void> {
    const { store, logger } = this.#options
    try {
      const space = await store.space?.()
      if (space !== undefined && !this.#stopped) this.#judge(space)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // While it is out of reach, others say so.
      if (error.retriable || error.code === 'STORE_CLOSED' || this.#isUnknownSaid) return
      this.#isUnknownSaid = true
      logger.warn({ reason: error.message }, 'how much space the store has left is not known')
    }
  }

  #judge(space: StoreSpace): void {
    const { logger, limits, onRoom, onFull } = this.#options
    this.space = space
    const { inUseBytes, maxBytes, remedy } = space
    if (maxBytes !== undefined && space.hasHistory) {
      const room = Math.max((maxBytes - inUseBytes) / HISTORY_PART, HISTORY_BYTES_MIN)
      onRoom(Math.min(room, limits.historyBytesMax))
    }
    const before = this.#level
    const share = maxBytes === undefined ? 0 : inUseBytes / maxBytes
    const isShort = share >= (before === 'well' ? SHORT_SHARE : WELL_SHARE)
    this.#level = space.isFull ? 'full' : isShort ? 'short' : 'well'
    if (space.isFull) onFull()
    if (this.#level === before) return
    const { usedBytes } = space
    const figures = { usedBytes, inUseBytes, maxBytes, ...(remedy === '' ? {} : { remedy }) }
    if (this.#level === 'full') logger.error(figures, 'the store has raised its space alarm')
    else if (this.#level === 'short') logger.warn(figures, 'the store is getting full')
    else logger.info(figures, 'the store has space again')
  }
}
