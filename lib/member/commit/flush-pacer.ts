/**
 * How much write-behind a commit carries. While requests wait, as little as keeps the journal and
 * the backlog within bounds; when nobody waits, all of it, in portions that a request arriving
 * meanwhile does not have to wait for long. See docs/decisions/0001.
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Replica } from '../tree/replica.ts'

/** One of so many requests' worth of records goes along with a busy commit once they are late. */
const TRICKLE_SHARE = 8
const TRICKLE_KEYS_MIN = 8
/** Above the target a commit carries this much more than it can have made stale. */
const CATCH_UP = 1.25
const CATCH_UP_KEYS_MIN = 64
/** A commit that nobody waits for: some milliseconds of the store's time. */
const IDLE_KEYS_MAX = 256
/** How exactly the age of a change is known. Unit ms. */
const AGE_STEP_MS = 20

export class FlushPacer {
  readonly #limits: KeeperLimits
  readonly #clock: Clock
  /** Batches and when they were the newest, oldest first, one each AGE_STEP_MS at most. */
  #marks: { readonly seq: number; readonly atMs: number }[] = []

  constructor(limits: KeeperLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Requests must wait: the records are as far behind the journal as they may be. */
  isThrottled(replica: Replica): boolean {
    const { backlogKeysMax, journalBytesMax } = this.#limits
    return replica.backlog.size >= backlogKeysMax || replica.journal.bytes >= journalBytesMax
  }

  /** Records to write along with a commit of `requests`; `all`: nobody waits, or all must be written. */
  keysFor(replica: Replica, requests: number, all: boolean): number {
    const { backlogKeysTarget, journalBytesTarget } = this.#limits
    const { backlog, journal } = replica
    if (this.isThrottled(replica)) return Number.MAX_SAFE_INTEGER
    if (all) return requests === 0 ? IDLE_KEYS_MAX : Number.MAX_SAFE_INTEGER
    if (backlog.size >= backlogKeysTarget || journal.bytes >= journalBytesTarget) {
      return Math.ceil(requests * CATCH_UP) + CATCH_UP_KEYS_MIN
    }
    if (!this.#isLate(backlog.oldestSeq)) return 0
    return Math.ceil(requests / TRICKLE_SHARE) + TRICKLE_KEYS_MIN
  }

  /** Batch `seq` was applied. */
  applied(seq: number): void {
    const atMs = this.#clock.monotonic()
    const last = this.#marks.at(-1)
    if (last === undefined || atMs - last.atMs >= AGE_STEP_MS) this.#marks.push({ seq, atMs })
  }

  #isLate(oldestSeq: number | undefined): boolean {
    if (oldestSeq === undefined) return false
    const now = this.#clock.monotonic()
    // The newest mark that is not behind the change tells how long ago it was, at least.
    let later = 0
    while (later < this.#marks.length && this.#marks[later]!.seq < oldestSeq) later++
    if (later > 0) this.#marks = this.#marks.slice(later)
    const mark = this.#marks[0]
    return mark !== undefined && now - mark.atMs >= this.#limits.flushLateMs
  }
}
