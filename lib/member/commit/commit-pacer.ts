/**
 * When the next batch is sent. A txn costs much more than what it carries, so a short wait that
 * makes one batch of two is worth it; a store that is slow anyway is not waited for.
 * Neighbours: group-committer (queries it before it plans), turns (waits for other proxies).
 */
import type { Clock } from '../../base/clock.ts'

/** How long after a commit was sent the next one waits for clients just answered. Unit ms. */
const GATHER_MS = 2
/** After waits in vain, so many batches at most are not waited for until the next wait is tried. */
const GATHER_SKIPS_MAX = 64
/** A larger batch pays for its txn as it is, and waiting would only leave the store idle. */
const GATHER_REQUESTS_MAX = 128
/** So many requests are worth a txn of their own while another is in flight (bench/results.md). */
const PIPELINED_REQUESTS_MIN = 16
/** Fewer are, when the one in flight was sent so long ago. Unit ms. */
const PIPELINED_AFTER_MS = 5

export interface CommitPacerOptions {
  readonly clock: Clock
  /** A wait is over. */
  readonly onDue: () => void
  /** Enough has been gathered, or there was no time for more. */
  readonly onGathered: () => void
}

interface Gathering {
  /** That many would be all. */
  readonly count: number
  readonly done: () => void
  /** Requests that have come since it began. */
  came: number
}

export class CommitPacer {
  readonly #options: CommitPacerOptions
  #gathered: Gathering | undefined
  /** Waits in vain, one behind the other, and how many chances are let pass because of them. */
  #vain = 0
  #skips = 0
  #due: { readonly atMs: number; readonly cancel: () => void } | undefined

  constructor(options: CommitPacerOptions) {
    this.#options = options
  }

  /** Nothing is to be sent: clients that were just answered are about to send more. */
  get isGathering(): boolean {
    return this.#gathered !== undefined
  }

  /**
   * With a commit in flight since `sentMs`, are the pending requests worth one of their own? The
   * answer to the one in flight usually brings more to share it with. If not, `onDue` is called
   * when they are.
   */
  isWorthAnother(sentMs: number, pending: number): boolean {
    if (pending >= PIPELINED_REQUESTS_MIN) return true
    const leftMs = sentMs + PIPELINED_AFTER_MS - this.#options.clock.monotonic()
    if (leftMs <= 0) return true
    this.dueIn(leftMs)
    return false
  }

  /** `onDue` is called after `delayMs`, or earlier where an earlier wait is on. */
  dueIn(delayMs: number): void {
    const { clock, onDue } = this.#options
    const dueMs = clock.monotonic() + delayMs
    if (this.#due !== undefined && this.#due.atMs <= dueMs) return
    this.#due?.cancel()
    const cancel = clock.after(delayMs, () => {
      this.#due = undefined
      onDue()
    })
    this.#due = { atMs: dueMs, cancel }
  }

  /**
   * A batch of `answered` requests was applied, sent at `sentMs`, and `pending` wait. Clients that
   * were just answered often send again immediately: when others wait already, and the store has
   * nothing to do, a moment's patience makes one batch of both. Clients that do not, as one that has
   * got in line for a lock, are not waited for again soon.
   */
  gather(pending: number, answered: number, sentMs: number): void {
    const count = pending + answered
    if (pending === 0 || count > GATHER_REQUESTS_MAX || this.#gathered !== undefined) return
    const { clock, onGathered } = this.#options
    const leftMs = sentMs + GATHER_MS - clock.monotonic()
    if (leftMs <= 0) return
    if (this.#skips > 0) {
      this.#skips--
      return
    }
    const done = () => {
      cancel()
      this.#gathered = undefined
      this.#judge(gathering.came, answered)
      onGathered()
    }
    const cancel = clock.after(leftMs, done)
    const gathering: Gathering = { count, done, came: 0 }
    this.#gathered = gathering
  }

  /** Of `answered` clients, `came` sent again while they were waited for. */
  #judge(came: number, answered: number): void {
    if (came * 2 >= answered) this.#vain = 0
    else {
      this.#skips = Math.min(2 ** this.#vain, GATHER_SKIPS_MAX)
      this.#vain++
    }
  }

  /** One more request waits: `pending` in all. */
  queued(pending: number): void {
    if (this.#gathered === undefined) return
    this.#gathered.came++
    if (pending >= this.#gathered.count) this.#gathered.done()
  }

  stop(): void {
    this.#due?.cancel()
    this.#gathered?.done()
  }
}
