/**
 * How much write-behind a commit carries. While requests wait, as little as keeps the journal and
 * the backlog within bounds. When none waits, all of it, in portions short enough not to delay the
 * next request. See docs/decisions/0001 and 0003.
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Replica } from '../tree/replica.ts'

/** A busy commit carries one late record for this many requests. */
const TRICKLE_SHARE = 8
const TRICKLE_KEYS_MIN = 8
/** Above the target a commit carries this much more than it can have made stale. */
const CATCH_UP = 1.25
const CATCH_UP_KEYS_MIN = 64
/** A commit without requests: some milliseconds of the store's time. */
const IDLE_KEYS_MAX = 256
/** How exactly the age of a change is known. Unit ms. */
const AGE_STEP_MS = 20

export class FlushPacer {
  readonly #limits: KeeperLimits
  readonly #clock: Clock
  /** Batches and when they were the newest, oldest first, one each AGE_STEP_MS at most. */
  #marks: { readonly seq: number; readonly atMs: number }[] = []

  readonly #journalRoom: () => number

  /** `journalRoom`: bytes of journal that the store has room for. */
  constructor(limits: KeeperLimits, clock: Clock, journalRoom: () => number) {
    this.#limits = limits
    this.#clock = clock
    this.#journalRoom = journalRoom
  }

  /** Requests are throttled: the records are as far behind the journal as they may be. */
  isThrottled(replica: Replica): boolean {
    const { backlogKeysMax, journalBytesMax } = this.#limits
    const bytesMax = Math.min(journalBytesMax, this.#journalRoom())
    return replica.backlog.size >= backlogKeysMax || replica.journal.bytes >= bytesMax
  }

  /**
   * Records that a commit of `requests` carries; `all`: no request waits, or all must be written.
   */
  keysFor(replica: Replica, requests: number, all: boolean): number {
    const { backlogKeysTarget, journalBytesTarget } = this.#limits
    const { backlog, journal } = replica
    if (this.isThrottled(replica)) return Number.MAX_SAFE_INTEGER
    if (all) return requests === 0 ? IDLE_KEYS_MAX : Number.MAX_SAFE_INTEGER
    const bytesTarget = Math.min(journalBytesTarget, this.#journalRoom() / 2)
    if (backlog.size >= backlogKeysTarget || journal.bytes >= bytesTarget) {
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
    // The oldest mark that is not older than the change bounds its age from below.
    let later = 0
    while (later < this.#marks.length && this.#marks[later]!.seq < oldestSeq) later++
    if (later > 0) this.#marks = this.#marks.slice(later)
    const mark = this.#marks[0]
    return mark !== undefined && now - mark.atMs >= this.#limits.flushLateMs
  }
}
