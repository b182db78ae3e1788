/**
 * Keeps a replica up to date: follows the journal's feed, and reloads the tree whenever the feed is
 * lost. Neighbours: feed and load (the two steps), keeper (what a reload changes).
 */
import { backoffMs } from '../../base/backoff.ts'
import type { Clock } from '../../base/clock.ts'
import type { Faults } from '../../base/faults.ts'
import type { Logger } from '../../base/log.ts'
import { pause } from '../../base/pause.ts'
import type { Layout } from '../../format/layout.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { Revision } from '../../store/types.ts'
import { type FeedListener, followJournal } from './feed.ts'
import { HistoryLost } from './history.ts'
import { type Loaded, type LoadOptions, loadReplica } from './load.ts'

/** Between two tries to load the tree. Unit ms. */
const RELOAD_RETRY = { firstMs: 200, maxMs: 5_000 }
/** A late feed is opened again no more often. Unit ms. */
const REOPEN_MS = 2_000
/** A replica that differs from others is replaced no more often. Unit ms. */
const REPLACE_MS = 60_000

export interface FollowerOptions extends FeedListener {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly load: LoadOptions
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: Faults
  /**
   * Brings the replica to where head is by reading the journal. The revision up to which it has everything
   * then; undefined: it could not.
   */
  readonly catchUp: () => Promise<Revision | undefined>
  readonly onHistoryLost: (error: HistoryLost) => void
  /**
   * The tree was reloaded: what was known before may be stale. `isWrong`: what was applied here must not be
   * kept, even if it ends with the same entry. Throws what makes it load again.
   */
  readonly onReload: (loaded: Loaded, isWrong: boolean) => void
}

/** Why the feed is opened again. */
type Reason = StoreError | HistoryLost | ReplicaWrong | FeedLate

/** The replica is not what the journal makes: catching up is no help. */
class ReplicaWrong extends Error {}

/** The feed lives, but the store has more than it brought. */
class FeedLate extends Error {}

export class JournalFollower {
  readonly #options: FollowerOptions
  readonly #stop = new AbortController()
  #feedStop = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  /** Everything up to here was handed over. */
  #revision: Revision = 0
  #reopenedMs = Number.NEGATIVE_INFINITY
  #replacedMs = Number.NEGATIVE_INFINITY
  /** What was applied is not what the store has: catching up would change nothing. */
  #isWrong = false
  /** This feed has brought something. */
  #gave = false
  /** Feeds in a row that brought nothing. */
  #barren = 0

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  start(fromRevision: Revision): void {
    this.#revision = fromRevision - 1
    const { faults, clock } = this.#options
    const bounds = { clock, signal: this.#stop.signal }
    this.#loop = faults.keepUp('the journal feed', () => this.#follow(), bounds)
  }

  /** The feed and head do not agree: the tree is reloaded. */
  giveUp(reason: StoreError | HistoryLost): void {
    this.#isWrong = true
    this.#feedStop.abort(reason)
  }

  /**
   * The replica is not what its journal makes, so it is loaded again. Where that does not help it is another proxy's
   * that is wrong: not again and again.
   */
  replace(): void {
    const now = this.#options.clock.monotonic()
    if (now - this.#replacedMs < REPLACE_MS) return
    this.#replacedMs = now
    this.#isWrong = true
    this.#feedStop.abort(new ReplicaWrong('the tree is not what its journal makes'))
  }

  /** The feed is behind, or silent: it is opened again, on another member where there is one. */
  suspect(): void {
    const now = this.#options.clock.monotonic()
    if (now - this.#reopenedMs < REOPEN_MS) return
    this.#reopenedMs = now
    this.#feedStop.abort(new FeedLate('the feed is late'))
  }

  stop(): void {
    this.#stop.abort()
    this.#feedStop.abort()
  }

  /** Resolves after {@link stop}, or when the store was closed. */
  get ended(): Promise<void> {
    return this.#loop
  }

  async #follow(): Promise<void> {
    let suspect = false
    while (!this.#stop.signal.aborted) {
      const reason = await this.#untilLost(suspect)
      if (this.#stop.signal.aborted || isClosed(reason)) return
      // One that is lost each time before it gave anything is not opened without a pause.
      this.#barren = this.#gave ? 0 : this.#barren + 1
      if (this.#barren > 1) await this.#backOff(this.#barren - 1)
      // What was given up meanwhile is loaded again, and no feed is opened before.
      suspect = reason instanceof FeedLate && !this.#isWrong
      if (suspect) this.#options.logger.warn({}, 'the journal feed is late, opening it again')
      else if (!(await this.#recover(reason))) return
    }
  }

  /** Follows the feed for as long as it lasts. */
  async #untilLost(suspect: boolean): Promise<Reason> {
    const { store, layout, onEntry, onEvent } = this.#options
    this.#feedStop = new AbortController()
    this.#gave = false
    if (this.#isWrong) return new ReplicaWrong('the tree was given up')
    const { signal } = this.#feedStop
    try {
      await followJournal({
        store,
        layout,
        fromRevision: this.#revision + 1,
        suspect,
        signal,
        onEntry,
        onEvent: (revision) => {
          this.#gave = true
          this.#revision = Math.max(this.#revision, revision)
          onEvent(revision)
        },
      })
      return signal.reason as Reason
    } catch (error) {
      return error as Reason
    }
  }

  /** Retries until the replica is where the store is. false: stopped, or the store was closed. */
  async #recover(reason: Reason): Promise<boolean> {
    const { logger, onHistoryLost } = this.#options
    if (reason instanceof HistoryLost) onHistoryLost(reason)
    else logger.warn({ err: reason }, 'journal feed lost')
    if (reason instanceof HistoryLost) this.#isWrong = true
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      try {
        const reached = this.#isWrong ? undefined : await this.#options.catchUp()
        this.#revision = reached ?? (await this.#reload(tries))
        return true
      } catch (error) {
        if (isClosed(error)) return false
        if (error instanceof HistoryLost) this.#isWrong = true
        logger.warn({ err: error, tries }, 'tree not loadable, retrying')
        await this.#backOff(tries)
      }
    }
    return false
  }

  #backOff(tries: number): Promise<void> {
    return pause(this.#options.clock, backoffMs(tries, RELOAD_RETRY), this.#stop.signal)
  }

  async #reload(tries: number): Promise<Revision> {
    const { store, layout, load, logger, onReload } = this.#options
    const loaded = await loadReplica(store, layout, load)
    onReload(loaded, this.#isWrong)
    this.#isWrong = false
    logger.info({ revision: loaded.revision, tries }, 'tree reloaded')
    return loaded.revision
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'STORE_CLOSED'
}

/** What the committer finds wrong with the feed or the replica, and what is done about it. */
export function journalFaults(logger: Logger, follower: () => JournalFollower) {
  return {
    onStuck: (seq: number): void => {
      logger.error({ seq }, 'the feed and head do not agree, reloading the tree')
      follower().giveUp(new StoreError('STORE_INTERNAL', 'the feed is stuck'))
    },
    onHistoryLost: (error: HistoryLost): void => follower().giveUp(error),
    onFeedLate: (): void => follower().suspect(),
    onTreeDiffers: (found: object): void => {
      logger.error(
        found,
        'this tree differs from another proxy’s after the same batch, reloading it',
      )
      follower().replace()
    },
  }
}
