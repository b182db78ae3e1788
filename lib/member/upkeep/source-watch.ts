/**
 * Reads the record of the ZooKeeper ensemble that the tree comes from, for as long as there is one that can change. Members
 * report what it says, and give new sessions passwords that ZooKeeper knows until the migration is finished.
 * Neighbours: format/source, upkeep.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { reasonOf } from '../../base/reason-of.ts'
import type { Layout } from '../../format/layout.ts'
import { decodeSource, type SourcePhase, type SourceRecord } from '../../format/source.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'

/** Between two looks while the tree follows the ensemble: a read of one key, and nothing waits for it. Unit ms. */
const FOLLOWING_MS = 1_000
/** Afterwards, until the migration is finished. Unit ms. */
const TAKEN_MS = 5_000

export interface SourceWatchOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  readonly logger: Logger
  /** As the tree was loaded; undefined: it comes from no ensemble. */
  readonly source: SourceRecord | undefined
  /** What the journal says. */
  readonly isFollowing: () => boolean
}

export class SourceWatch {
  /** Servers of the ensemble that answered as ZooKeeper after the take-over, as of the last look at them. */
  alive = 0
  /** Addresses of it that accepted a connection then, and did not answer in time. */
  silent = 0
  readonly #options: SourceWatchOptions
  #record: SourceRecord | undefined
  #stopped = false
  #cancel: (() => void) | undefined

  constructor(options: SourceWatchOptions) {
    this.#options = options
    this.#record = options.source
  }

  /** As of the last look; undefined: there is none, or the migration is finished. */
  get record(): SourceRecord | undefined {
    return this.phase === undefined ? undefined : this.#record
  }

  /** Of the migration; undefined: there is none, or it is finished. The journal decides whether it is taken. */
  get phase(): Exclude<SourcePhase, 'finished'> | undefined {
    const { isFollowing } = this.#options
    if (isFollowing()) return 'following'
    const phase = this.#record?.phase
    return phase === undefined || phase === 'finished' ? undefined : 'taken'
  }

  /** New sessions can be taken back to ZooKeeper. */
  get hasWayBack(): boolean {
    return this.phase === 'taken'
  }

  start(): void {
    const { clock } = this.#options
    if (this.#stopped || this.phase === undefined) return
    this.#cancel = clock.after(this.phase === 'following' ? FOLLOWING_MS : TAKEN_MS, () => {
      void this.#look().finally(() => this.start())
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async #look(): Promise<void> {
    const { store, layout, logger } = this.#options
    try {
      const { kvs } = await store.range({ start: layout.source })
      this.#record = kvs[0] && decodeSource(kvs[0].value)
    } catch (error) {
      logger.debug({ reason: reasonOf(error) }, 'source record not readable')
    }
  }
}
