/**
 * Looks at head in the store, linearizably, and brings the replica to where head is: from the feed, and
 * where that brings nothing in time, by reading the journal. So it is known how fresh the replica is, a
 * sync does not depend on the feed, and a history that is no longer ours is noticed.
 * Line: batch-planner → here → replies. Neighbours: keeper (asks for proofs), tree/history.
 */
import type { Clock } from '../../base/clock.ts'
import { GRACE_MS, LATE_MS } from '../../base/deadline.ts'
import type { Faults } from '../../base/faults.ts'
import type { Logger } from '../../base/log.ts'
import { decodeHead, type HeadRecord } from '../../format/head.ts'
import type { Layout } from '../../format/layout.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { Revision } from '../../store/types.ts'
import type { Planned } from '../plan/planned.ts'
import { HistoryLost } from '../tree/history.ts'
import type { Replica } from '../tree/replica.ts'
import type { PlannedBatch } from './batch-planner.ts'
import type { Changes } from './changes.ts'
import { answerTask } from './fault.ts'
import type { CommitTask } from './task.ts'

export interface HeadCheckOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: Faults
  readonly changes: Changes
  /** The replica as of now: a reload replaces it. */
  readonly replica: () => Replica
  /** Why nothing more can be answered; undefined: it can. */
  readonly closed: () => StoreError | undefined
  /** An entry that was read from the journal, as if the feed had brought it. */
  readonly receive: (entry: Uint8Array, revision: Revision) => void
  /** The replica has everything that was committed before this monotonic time, ms. */
  readonly onProven: (atMs: number) => void
  /** Batch `seq` cannot be had any more: the tree must be reloaded. */
  readonly onStuck: (seq: number) => void
  /** What is in the store is not what this replica has applied. */
  readonly onHistoryLost: (error: HistoryLost) => void
  /** The feed did not bring what head has. */
  readonly onFeedLate: () => void
}

/** What a look at head came to. */
type Outcome =
  /** The replica has everything up to this revision. */
  | { readonly revision: Revision }
  /** The tree is being reloaded: nothing holds until then. */
  | 'reloading'
  | 'closed'

/** How long the feed may take to bring what head has, before the journal is read. Unit ms. */
const FEED_PATIENCE_MS = 300
/** Journal entries read in one go. */
const ENTRIES_PER_READ = 64
/** How long a reload may take before a request that waits for it reads head again. Unit ms. */
const RELOAD_PAUSE_MS = 1_000

export class HeadCheck {
  /** Times that the journal had to be read because the feed was late. */
  catchUps = 0
  readonly #options: HeadCheckOptions

  constructor(options: HeadCheckOptions) {
    this.#options = options
  }

  /** @returns the requests that could not be answered: they are planned again */
  async answer({ tasks, planned }: PlannedBatch): Promise<readonly CommitTask[]> {
    const { replica, closed, changes, faults } = this.#options
    const before = replica()
    const { seq } = before
    const outcome = await this.#lookUntilAnswered()
    if (outcome === 'closed') {
      const error = closed() ?? new StoreError('STORE_CLOSED', 'the store was closed')
      for (const task of tasks) task.abandoned(error)
      return []
    }
    if (outcome === 'reloading' || replica() !== before) {
      await changes.next(RELOAD_PAUSE_MS)
      return tasks
    }
    const onlySyncs = tasks.every((task) => task.request.type === 'sync')
    if (!onlySyncs && before.seq !== seq) return tasks
    tasks.forEach((task, i) => {
      answerTask(task, before.zxid, planned[i] as Planned, faults)
    })
    return []
  }

  /**
   * One look, not repeated. The revision up to which the replica has everything; undefined when the store
   * did not answer, or the tree has to be reloaded.
   */
  async prove(): Promise<Revision | undefined> {
    try {
      const outcome = await this.#look()
      return typeof outcome === 'string' ? undefined : outcome.revision
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#options.logger.warn({ err: error }, 'head not readable')
      return undefined
    }
  }

  /** Retries until the store answers. */
  async #lookUntilAnswered(): Promise<Outcome> {
    const { logger, changes, closed } = this.#options
    for (let tries = 1; closed() === undefined; tries++) {
      try {
        return await this.#look()
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        if (error.code === 'STORE_CLOSED') break
        logger.warn({ err: error, tries }, 'head not readable, retrying')
        await changes.backOff(tries)
      }
    }
    return 'closed'
  }

  async #look(): Promise<Outcome> {
    const { store, layout, clock, replica, closed, onProven } = this.#options
    const before = replica()
    const { seq } = before
    const sentMs = clock.monotonic()
    const { kvs, revision } = await store.range({ start: layout.head })
    if (closed() !== undefined) return 'closed'
    if (replica() !== before) return 'reloading'
    const value = kvs[0]?.value
    const head = value === undefined ? undefined : decodeHead(value)
    try {
      // What was applied before the read was sent must be in its answer.
      if ((head?.seq ?? 0) < seq) throw wentBack(head, seq)
      if (head !== undefined) {
        if (!(await this.#reach(before, head.seq))) return 'reloading'
        const known = before.history.digestAt(head.seq)
        if (head.chain !== undefined && known !== undefined && known !== head.chain) {
          throw new HistoryLost(`batch ${head.seq} is not the one that was applied here`)
        }
      }
    } catch (error) {
      if (!(error instanceof HistoryLost)) throw error
      this.#options.onHistoryLost(error)
      return 'reloading'
    }
    if (closed() !== undefined) return 'closed'
    onProven(sentMs)
    return { revision }
  }

  /** false: the tree is reloaded first. */
  async #reach(before: Replica, seq: number): Promise<boolean> {
    const { replica, closed, changes, clock, onFeedLate } = this.#options
    let deadlineMs = clock.monotonic() + FEED_PATIENCE_MS
    while (before.seq < seq && replica() === before && closed() === undefined) {
      const now = clock.monotonic()
      const leftMs = deadlineMs - now
      if (leftMs > 0) {
        await changes.next(leftMs)
        // This process was paused: what the feed brought meanwhile is read first.
        const lateMs = clock.monotonic() - now - leftMs
        if (lateMs > LATE_MS) deadlineMs += lateMs + GRACE_MS
        continue
      }
      this.catchUps++
      onFeedLate()
      if (!(await this.#readJournal(before, seq))) return false
    }
    return replica() === before
  }

  /** Applies what the feed did not bring. false: it is no longer in the journal. */
  async #readJournal(before: Replica, seq: number): Promise<boolean> {
    const { store, layout, replica, receive, onStuck, logger } = this.#options
    const from = before.seq + 1
    logger.warn({ from, to: seq }, 'the feed is late, reading the journal')
    const { kvs } = await store.range({
      // With the newest that was applied, where it is kept: entries of format 2 do not say what they follow.
      start: layout.journalEntry(before.seq),
      end: layout.journalEntry(seq + 1),
      countMax: ENTRIES_PER_READ,
    })
    try {
      for (const { value, modRevision } of kvs) {
        if (replica() !== before) return false
        receive(value, modRevision)
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      logger.warn({ err: error, from }, 'the journal cannot be applied')
    }
    if (before.seq >= from) return true
    onStuck(from)
    return false
  }
}

function wentBack(head: HeadRecord | undefined, seq: number): HistoryLost {
  return new HistoryLost(
    head === undefined
      ? `head is gone, batch ${seq} was there`
      : `head is at batch ${head.seq}, batch ${seq} was there`,
  )
}
