/**
 * Compacts the store's history beyond its retention: by age, and under heavy load by size, or etcd
 * would run into its space quota. The next compaction is due once as much history has accumulated.
 * One live member does it. Neighbours: keeper, feed (a replica that was away for longer reloads).
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { Revision } from '../../store/types.ts'

/** Between two steps. Unit ms. */
const INTERVAL_MS_MAX = 30_000
const STEPS_PER_RETENTION = 5
/** Between two lines about compactions that failed. Unit ms. */
const LOG_MS = 600_000

/** Where the store was, and how much had been written, at some time. */
interface Mark {
  readonly atMs: number
  readonly revision: Revision
  readonly bytes: number
}

export interface CompactorOptions {
  readonly store: MetadataStore
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Pick<KeeperLimits, 'historyRetentionMs' | 'historyBytesMax' | 'compactionWaitMs'>
  /** The tree was loaded as of this revision. */
  readonly revision: Revision
  /** One of the live members compacts. */
  readonly isMyTurn: () => boolean
}

export class Compactor {
  compactions = 0
  /** Compactions that the store did not carry out. */
  refusals = 0
  /** Journal bytes of history that the store has room for. */
  room = Number.POSITIVE_INFINITY
  /** When a refusal was logged last, monotonic ms, and how many there have been since. */
  #loggedMs = Number.NEGATIVE_INFINITY
  #unlogged = 0
  readonly #options: CompactorOptions
  #marks: Mark[] = []
  #revision: Revision
  #bytes = 0
  /** When it was compacted last, and up to where. */
  #last: Mark | undefined
  #compacted: Revision = 0
  /** Up to where the space is free, too. */
  #freed: Revision = 0
  #compacting = false
  #cancel: (() => void) | undefined

  constructor(options: CompactorOptions) {
    this.#options = options
    this.#revision = options.revision
  }

  /** The feed brought a journal entry of this size. */
  seen(revision: Revision, bytes: number): void {
    this.#revision = revision
    this.#bytes += bytes
    const { limits } = this.#options
    if (this.#cancel === undefined || this.room >= limits.historyBytesMax) return
    // Where space is short, time is no measure.
    if (this.#bytes - (this.#marks.at(-1)?.bytes ?? 0) > this.room / STEPS_PER_RETENTION)
      this.#step()
  }

  /**
   * Space is short: all history goes that the feed is past, if it has more than `leastBytes` of journal. `isAwaited`:
   * resolves when its space is free, as far as the store says so. `nothing`: there is less; `busy`: another compaction,
   * or another member's turn.
   */
  async giveUpHistory(
    isAwaited: boolean,
    leastBytes = 0,
  ): Promise<'done' | 'nothing' | 'busy' | 'refused'> {
    if (this.#cancel === undefined) return 'refused'
    if (this.#compacting || !this.#options.isMyTurn()) return 'busy'
    const revision = this.#revision
    if (this.#bytes - (this.#last?.bytes ?? 0) < leastBytes) return 'nothing'
    if (revision <= (isAwaited ? this.#freed : this.#compacted)) return 'nothing'
    const isDone = await this.#compact(revision, this.#now(), isAwaited)
    if (isDone && isAwaited) this.#freed = revision
    return isDone ? 'done' : 'refused'
  }

  /** Does nothing when history is kept for ever (a retention of 0). */
  start(): void {
    const { clock, limits } = this.#options
    if (limits.historyRetentionMs <= 0) return
    const waitMs = Math.min(limits.historyRetentionMs / STEPS_PER_RETENTION, INTERVAL_MS_MAX)
    this.#cancel = clock.after(waitMs, () => {
      this.start()
      this.#step()
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  #step(): void {
    const now = this.#now()
    const kept = this.#marks.findIndex((mark) => !this.#isTooMuch(mark, now))
    const count = kept < 0 ? this.#marks.length : kept
    const target = this.#marks[count - 1]
    this.#marks.push(now)
    // etcd walks through every key each time and stops commits meanwhile, so compactions are rare.
    const last = this.#last
    if (target === undefined || this.#compacting) return
    if (last !== undefined && !this.#isTooMuch(last, now)) return
    this.#marks.splice(0, count)
    if (!this.#options.isMyTurn()) return
    if (target.revision > this.#compacted) void this.#compact(target.revision, now)
    else this.#last = now
  }

  #now(): Mark {
    const atMs = this.#options.clock.monotonic()
    return { atMs, revision: this.#revision, bytes: this.#bytes }
  }

  #refused(error: unknown): void {
    this.refusals++
    this.#unlogged++
    const now = this.#options.clock.monotonic()
    if (now - this.#loggedMs < LOG_MS) return
    this.#loggedMs = now
    this.#options.logger.warn({ err: error, times: this.#unlogged }, 'history not compacted')
    this.#unlogged = 0
  }

  /** A compaction that fails is retried at the next step. */
  async #compact(revision: Revision, now: Mark, isAwaited = false): Promise<boolean> {
    const { store, limits } = this.#options
    this.#compacting = true
    try {
      await (isAwaited
        ? store.compact(revision, { freedMs: limits.compactionWaitMs })
        : store.compact(revision))
      this.#compacted = revision
      this.#last = now
      this.compactions++
      return true
    } catch (error) {
      this.#refused(error)
      return false
    } finally {
      this.#compacting = false
    }
  }

  /** Is the history since then beyond the retention? */
  #isTooMuch(then: Mark, now: Mark): boolean {
    const { historyRetentionMs, historyBytesMax } = this.#options.limits
    const bytesMax = Math.min(historyBytesMax, this.room)
    return now.atMs - then.atMs > historyRetentionMs || now.bytes - then.bytes > bytesMax
  }
}
