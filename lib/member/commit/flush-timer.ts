/**
 * When records are written that no commit carried: soon after our own commits, and after those of
 * another proxy only once it has been silent for a while. Neighbour: group-committer.
 */
import type { Clock, Random } from '../../base/clock.ts'

/** Another proxy writes its own records unless it is silent for this long. Unit ms. */
const RESCUE_MS_MIN = 1_000
/** Added at random, so that one of several proxies is the first. Unit ms. */
const RESCUE_SPREAD_MS = 2_000

export interface FlushTimerOptions {
  readonly clock: Clock
  readonly random: Random
  /** After our own commits. Unit ms. */
  readonly delayMs: number
  /** Requests wait: their commits carry what must be written. */
  readonly isBusy: () => boolean
  readonly onDue: () => void
}

export class FlushTimer {
  readonly #options: FlushTimerOptions
  #armed: 'own' | 'rescue' | undefined
  #cancel: (() => void) | undefined
  #rescueFromMs = 0
  #stopped = false

  constructor(options: FlushTimerOptions) {
    this.#options = options
  }

  /** A batch was applied, and records are behind. */
  arm(whose: 'own' | 'rescue'): void {
    if (this.#stopped) return
    if (whose === 'rescue') this.#rescueFromMs = this.#options.clock.monotonic() + RESCUE_MS_MIN
    if (this.#armed === 'own' || this.#armed === whose) return
    this.#cancel?.()
    this.#armed = whose
    this.#start()
  }

  /** What was given back must be written, even if no request comes. undefined: nothing was. Unit ms. */
  dueIn(waitMs: number | undefined): void {
    const { clock, onDue } = this.#options
    if (waitMs === 0) onDue()
    else if (waitMs !== undefined) clock.after(waitMs, onDue)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  #start(): void {
    const { clock, random, delayMs } = this.#options
    const own = this.#armed === 'own'
    const waitMs = own ? delayMs : RESCUE_MS_MIN + random.fraction() * RESCUE_SPREAD_MS
    this.#cancel = clock.after(waitMs, () => this.#fire())
  }

  #fire(): void {
    const armed = this.#armed
    // Whatever comes of this, the next batch arms it again.
    this.#armed = undefined
    const silent = this.#options.clock.monotonic() >= this.#rescueFromMs
    if (this.#options.isBusy() || (armed === 'rescue' && !silent)) {
      this.#armed = armed
      return this.#start()
    }
    this.#options.onDue()
  }
}
