/**
 * Whose turn it is to commit when several proxies have more to write than fits. Only a courtesy: the
 * guard on head decides what is committed. Without it each race has one winner, and what the others
 * sent was work for the store in vain; and a proxy with several commits in flight would win for ever.
 *
 * Nobody takes turns until somebody has lost twice in a row; that one says so. Then the proxies go
 * round in the order of their ids: each commits one batch, which passes, and the next one begins at
 * once, the one after it a little later, should the next have nothing to write.
 * Neighbour: group-committer (asks before it plans), proxy-registry (carries who wants).
 */
import type { Clock } from '../../base/clock.ts'

/** How long one goes on committing while others might have something to write, but had not. Unit ms. */
const QUANTUM_MS = 10
/**
 * How long the next in line may take before the one after it begins: as long as so many commits, since
 * who begins while another's is on its way loses, or makes that one lose.
 */
const SLOT_COMMITS = 3
const SLOT_MS_MIN = 4
const SLOT_MS_MAX = 100
/** The same for one that had nothing to write when it was its turn. Unit ms. */
const IDLE_SLOT_MS = 2
/** A new commit's share in what a commit takes. */
const SMOOTHING = 1 / 8
/** Who has neither committed nor asked for so long does not take part any more. Unit ms. */
const CONTENDER_MS = 500
/** How often a proxy asks for its turn at most. Unit ms. */
const STARVATION_REPORT_MS = 100
/** Who has waited for so long has been forgotten, and tries without being asked. Unit ms. */
const PATIENCE_MS = 200
/** Races lost in a row that make a proxy ask. One is lost now and then, and the next is won. */
const LOSSES_MAX = 2

interface Contender {
  /** It is believed to have something to write until then, monotonic ms. */
  untilMs: number
  /** It had nothing when it was its turn last. */
  idle: boolean
}

export interface TurnsOptions {
  readonly proxy: string
  readonly clock: Clock
  /** Tells the other proxies that we have something to write. */
  readonly onStarved: () => void
}

export class Turns {
  readonly #options: TurnsOptions
  readonly #contenders = new Map<string, Contender>()
  /** What a commit takes, ms. */
  #commitMs = SLOT_MS_MIN
  /** Who committed last, since when in a row, and when last. Monotonic ms. */
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
    // One that does not pass while we wait for our turn does not know that we do.
    if (isRace || (this.#waitingMs !== undefined && !passes)) this.#reportStarvation()
    this.#committed(proxy, passes)
    // Who passes sees a contender, and will want its next turn.
    if (isRace || passes || this.#contenders.has(proxy)) this.#addContender(proxy)
  }

  /** Another proxy has something to write and did not get there. */
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

  /** Shall the batch that is planned now let others commit next? */
  get passes(): boolean {
    const now = this.#options.clock.monotonic()
    if (!this.#isContended(now)) return false
    for (const { idle } of this.#contenders.values()) if (!idle) return true
    return this.#isOurs && now - this.#sinceMs >= QUANTUM_MS
  }

  /** How long to wait before the next batch is planned, ms. 0: now. A commit of anybody changes it. */
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

  /** How long those who come before us may take, from the newest commit on. After our turn: all others. */
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

/** Going up from `from`, and round at the end, is `id` met before `to`? */
function isBetween(from: string, id: string, to: string): boolean {
  return from < to ? from < id && id < to : id > from || id < to
}
