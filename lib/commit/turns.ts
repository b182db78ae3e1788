/**
 * Whose turn it is to commit when several proxies have more to write than fits. Only a courtesy: the
 * guard on head decides what is committed. Without it each race has one winner, and what the others
 * sent was work for the store in vain; and a proxy with several commits in flight would win for ever.
 *
 * Nobody takes turns until somebody has lost twice in a row; that one says so. Then the proxies go
 * round in the order of their ids: each commits for TURN_MS, passes with its last batch, and the next
 * one begins at once, the one after it a little later, should the next have nothing to write.
 * Neighbour: group-committer (asks before it plans), proxy-registry (carries who wants).
 */
import type { Clock } from '../clock.ts'

/** How long one goes on committing while others wait. Unit ms. */
const TURN_MS = 10
/** How long the next in line may take to begin before the one after it does. Unit ms. */
const SLOT_MS = 4
/** Who has not passed, but is silent for this long, has nothing more to write. Unit ms. */
const SILENT_MS = 4
/** Who has neither committed nor asked for so long does not take part any more. Unit ms. */
const RIVAL_MS = 500
/** How often a proxy asks for its turn at most. Unit ms. */
const ASK_MS = 100
/** Who has waited for so long has been forgotten, and tries without being asked. Unit ms. */
const PATIENCE_MS = 200
/** Races lost in a row that make a proxy ask. One is lost now and then, and the next is won. */
const LOSSES_MAX = 2

export interface TurnsOptions {
  readonly proxy: string
  readonly clock: Clock
  /** Tells the other proxies that we have something to write. */
  readonly ask: () => void
}

export class Turns {
  asked = 0
  readonly #o: TurnsOptions
  /** Other proxies that have something to write → until when that is believed. */
  readonly #rivals = new Map<string, number>()
  /** Who committed last, since when in a row, and when last. Monotonic ms. */
  #holder = ''
  #sinceMs = 0
  #lastMs = 0
  #passed = false
  #losses = 0
  /** Since when we have been waiting; undefined: we are not. */
  #waitingMs: number | undefined
  #askedMs = Number.NEGATIVE_INFINITY

  constructor(options: TurnsOptions) {
    this.#o = options
  }

  /** A batch of ours was committed. */
  own(passes: boolean): void {
    this.#losses = 0
    this.#waitingMs = undefined
    this.#committed(this.#o.proxy, passes)
  }

  /** A batch of another proxy was committed. `weLost`: in the place of one of ours. */
  foreign(proxy: string, passes: boolean, weLost: boolean): void {
    const now = this.#o.clock.monotonic()
    if (weLost) {
      this.#losses++
      this.#waitingMs = undefined
    }
    if (weLost && this.#losses >= LOSSES_MAX) {
      this.#rivals.set(proxy, now + RIVAL_MS)
      if (now - this.#askedMs >= ASK_MS) {
        this.#askedMs = now
        this.asked++
        this.#o.ask()
      }
    } else if (this.#rivals.has(proxy)) this.#rivals.set(proxy, now + RIVAL_MS)
    this.#committed(proxy, passes)
  }

  /** Another proxy has something to write and did not get there. */
  wanted(proxy: string): void {
    if (proxy !== this.#o.proxy) this.#rivals.set(proxy, this.#o.clock.monotonic() + RIVAL_MS)
  }

  #committed(proxy: string, passes: boolean): void {
    const now = this.#o.clock.monotonic()
    if (proxy !== this.#holder || this.#passed) {
      this.#holder = proxy
      this.#sinceMs = now
    }
    this.#lastMs = now
    this.#passed = passes
  }

  /** Shall the batch that is planned now be our last for a while? */
  get isLast(): boolean {
    const now = this.#o.clock.monotonic()
    return this.#isContended(now) && this.#isOurs && now - this.#sinceMs >= TURN_MS
  }

  /** How long to wait before the next batch is planned, ms. 0: now. A commit of anybody changes it. */
  waitMs(): number {
    const now = this.#o.clock.monotonic()
    if (!this.#isContended(now)) return 0
    if (this.#isOurs && !this.#passed) return 0
    this.#waitingMs ??= now
    if (now - this.#waitingMs > PATIENCE_MS) return 0
    const beginMs = this.#passed ? this.#lastMs : this.#lastMs + SILENT_MS
    return Math.max(0, beginMs + (this.#place() - 1) * SLOT_MS - now)
  }

  get #isOurs(): boolean {
    return this.#holder === this.#o.proxy
  }

  #isContended(now: number): boolean {
    for (const [proxy, untilMs] of this.#rivals) if (untilMs < now) this.#rivals.delete(proxy)
    return this.#rivals.size > 0
  }

  /** Our place behind the holder: 1 is next. After our own turn we come last. */
  #place(): number {
    const { proxy } = this.#o
    if (this.#isOurs) return this.#rivals.size + 1
    let place = 1
    for (const rival of this.#rivals.keys()) {
      if (rival !== this.#holder && isBetween(this.#holder, rival, proxy)) place++
    }
    return place
  }
}

/** Going up from `from`, and round at the end, is `id` met before `to`? */
function isBetween(from: string, id: string, to: string): boolean {
  return from < to ? from < id && id < to : id > from || id < to
}
