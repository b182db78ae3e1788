/**
 * Fair scheduling among proxies that contend for head. It is cooperative: the guard on head decides
 * what is committed. Without turns each race has one winner, the batches of the losers are wasted
 * work for the store, and a proxy with several commits in flight starves the others.
 *
 * There are no turns until a proxy loses twice in a row and reports starvation. Then the contenders
 * take turns in the order of their ids: each commits one batch, which passes the turn, and the next
 * one begins immediately. The one after it begins a little later, in case the next has nothing to
 * write.
 * Neighbours: group-committer (queries it before it plans), proxy-registry (carries the reports).
 * See docs/decisions/0004.
 */
import type { Clock } from '../../base/clock.ts'

/** How long the holder continues while every contender was idle when it was its turn. Unit ms. */
const QUANTUM_MS = 10
/**
 * How long the next contender may take before the one after it begins: as long as this many
 * commits. A batch sent while another proxy's is in flight loses the race, or makes the other one
 * lose it.
 */
const SLOT_COMMITS = 3
const SLOT_MS_MIN = 4
const SLOT_MS_MAX = 100
/** The same for a contender that was idle when it was its turn. Unit ms. */
const IDLE_SLOT_MS = 2
/** Weight of the newest commit in the mean duration of one. */
const SMOOTHING = 1 / 8
/**
 * A proxy that neither commits nor reports starvation for this long is no contender any more. Unit
 * ms.
 */
const CONTENDER_MS = 500
/** Between two reports of starvation of one proxy, at least. Unit ms. */
const STARVATION_REPORT_MS = 100
/** After waiting in vain for this long a proxy commits out of turn. Unit ms. */
const PATIENCE_MS = 200
/** Races lost in a row that mean starvation. A single loss is normal, the next race is won. */
const LOSSES_MAX = 2

interface Contender {
  /** It is believed to have something to write until then, monotonic ms. */
  untilMs: number
  /** It had nothing to write when it was its turn last. */
  idle: boolean
}

export interface TurnsOptions {
  readonly proxy: string
  readonly clock: Clock
  /** We are starved: the other proxies are to be notified. */
  readonly onStarved: () => void
}

export class Turns {
  readonly #options: TurnsOptions
  readonly #contenders = new Map<string, Contender>()
  /** Mean duration of a commit, ms. */
  #commitMs = SLOT_MS_MIN
  /** The proxy that committed last, since when in a row, and when last. Monotonic ms. */
  #holder = ''
  #sinceMs = 0
  #lastMs = 0
  #passed = false
  #losses = 0
  /** Since when we have been waiting; undefined: we are not. */
  #waitingMs: number | undefined
  #reportedMs = Number.NEGATIVE_INFINITY

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /** A batch of ours was committed, `tookMs` after it was sent. */
  own(passes: boolean, tookMs: number): void {
    this.#losses = 0
    this.#waitingMs = undefined
    this.#commitMs += (tookMs - this.#commitMs) * SMOOTHING
    this.#committed(this.#options.proxy, passes)
  }

  /** A batch of another proxy was committed. `weLost`: in the place of one of ours. */
  foreign(proxy: string, passes: boolean, weLost: boolean): void {
    if (weLost) {
      this.#losses++
      this.#waitingMs = undefined
    }
    const isRace = weLost && this.#losses >= LOSSES_MAX
    // A proxy that does not pass while we wait for our turn does not know that we do.
    if (isRace || (this.#waitingMs !== undefined && !passes)) this.#reportStarvation()
    this.#committed(proxy, passes)
    // A proxy that passes has seen a contender, and will contend for its next turn.
    if (isRace || passes || this.#contenders.has(proxy)) this.#addContender(proxy)
  }

  /** Another proxy reported starvation. */
  addContender(proxy: string): void {
    if (proxy !== this.#options.proxy) this.#addContender(proxy)
  }

  #reportStarvation(): void {
    const now = this.#options.clock.monotonic()
    if (now - this.#reportedMs < STARVATION_REPORT_MS) return
    this.#reportedMs = now
    this.#options.onStarved()
  }

  #addContender(proxy: string): void {
    const untilMs = this.#options.clock.monotonic() + CONTENDER_MS
    this.#contenders.set(proxy, { untilMs, idle: false })
  }

  #committed(proxy: string, passes: boolean): void {
    const now = this.#options.clock.monotonic()
    if (this.#passed) {
      for (const [id, contender] of this.#contenders) {
        if (id !== this.#holder && isBetween(this.#holder, id, proxy)) contender.idle = true
      }
    }
    if (proxy !== this.#holder || this.#passed) {
      this.#holder = proxy
      this.#sinceMs = now
    }
    this.#lastMs = now
    this.#passed = passes
  }

  /** Does the batch that is planned now pass the turn? */
  get passes(): boolean {
    const now = this.#options.clock.monotonic()
    if (!this.#isContended(now)) return false
    for (const { idle } of this.#contenders.values()) if (!idle) return true
    return this.#isOurs && now - this.#sinceMs >= QUANTUM_MS
  }

  /**
   * How long to wait before the next batch is planned, ms. 0: not at all. Any proxy's commit
   * changes it.
   */
  waitMs(): number {
    const now = this.#options.clock.monotonic()
    if (!this.#isContended(now)) return 0
    if (this.#isOurs && !this.#passed) return 0
    this.#waitingMs ??= now
    const ahead = this.#aheadMs()
    if (now - this.#waitingMs > PATIENCE_MS + ahead) return 0
    return Math.max(0, this.#lastMs + ahead - now)
  }

  get #isOurs(): boolean {
    return this.#holder === this.#options.proxy
  }

  #isContended(now: number): boolean {
    for (const [id, { untilMs }] of this.#contenders) if (untilMs < now) this.#contenders.delete(id)
    return this.#contenders.size > 0
  }

  /**
   * How long the contenders ahead of us may take, from the newest commit on. After our turn: all
   * others.
   */
  #aheadMs(): number {
    const { proxy } = this.#options
    const slotMs = Math.min(Math.max(SLOT_COMMITS * this.#commitMs, SLOT_MS_MIN), SLOT_MS_MAX)
    let ms = this.#passed ? 0 : slotMs
    for (const [id, { idle }] of this.#contenders) {
      if (id === this.#holder) continue
      if (isBetween(this.#holder, id, proxy)) ms += idle ? IDLE_SLOT_MS : slotMs
    }
    return ms
  }
}

/** In the cyclic order of ids, does `id` lie between `from` and `to`? */
function isBetween(from: string, id: string, to: string): boolean {
  return from < to ? from < id && id < to : id > from || id < to
}
