/**
 * Keeps a replica up to date: follows the journal's feed, and reloads the tree whenever the feed is
 * lost. Neighbours: feed and load (the two steps), keeper (what a reload changes).
 */
import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Layout } from '../../format/layout.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { PageBounds } from '../../store/pages.ts'
import type { Revision } from '../../store/types.ts'
import { type FeedListener, followJournal } from './feed.ts'
import { type Loaded, loadReplica } from './load.ts'

/** Between two tries to load the tree. Unit ms. */
const RELOAD_RETRY = { firstMs: 200, maxMs: 5_000 }

export interface FollowerOptions extends FeedListener {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly bounds: PageBounds
  readonly clock: Clock
  readonly logger: Logger
  /** The tree was reloaded: what was known before may be stale. */
  readonly onReload: (loaded: Loaded) => void
}

export class JournalFollower {
  readonly #options: FollowerOptions
  readonly #stop = new AbortController()
  #feedStop = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  start(fromRevision: Revision): void {
    this.#loop = this.#follow(fromRevision)
  }

  /** The feed and head do not agree: the tree is reloaded. */
  giveUp(reason: StoreError): void {
    this.#feedStop.abort(reason)
  }

  stop(): void {
    this.#stop.abort()
    this.#feedStop.abort()
  }

  /** Resolves after {@link stop}, or when the store was closed. */
  get ended(): Promise<void> {
    return this.#loop
  }

  async #follow(fromRevision: Revision): Promise<void> {
    const { store, layout, onEntry, onEvent, logger } = this.#options
    let from = fromRevision
    while (!this.#stop.signal.aborted) {
      try {
        await followJournal({
          store,
          layout,
          fromRevision: from,
          signal: this.#feedStop.signal,
          onEntry,
          onEvent,
        })
        if (this.#stop.signal.aborted) return
        throw this.#feedStop.signal.reason
      } catch (error) {
        if (this.#stop.signal.aborted) return
        if (error instanceof StoreError && error.code === 'STORE_CLOSED') return
        logger.warn({ err: error }, 'journal feed lost, reloading the tree')
        const loaded = await this.#reload()
        if (loaded === undefined) return
        from = loaded.revision + 1
      }
    }
  }

  /** Retries until it succeeds. undefined: stopped, or the store was closed. */
  async #reload(): Promise<Loaded | undefined> {
    const { store, layout, bounds, clock, logger, onReload } = this.#options
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      try {
        this.#feedStop = new AbortController()
        const loaded = await loadReplica(store, layout, bounds)
        onReload(loaded)
        logger.info({ revision: loaded.revision, tries }, 'tree reloaded')
        return loaded
      } catch (error) {
        if (error instanceof StoreError && error.code === 'STORE_CLOSED') return undefined
        logger.warn({ err: error, tries }, 'tree not loadable, retrying')
        await new Promise<void>((resolve) => {
          clock.after(backoffMs(tries, RELOAD_RETRY), resolve)
        })
      }
    }
    return undefined
  }
}
