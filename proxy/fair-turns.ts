/**
 * Who is served next while clients have more to be served than one turn of the event loop may take. A client
 * that has used up its slice goes to the end of the queue, behind those that ask little.
 * Neighbours: throttle (waits here), server (has one).
 */

/** A connection with input that waits. */
export interface Waiting {
  /** Serves for one slice. What is left then waits again. Must not throw. */
  run(): void
}

export interface FairTurnsOptions {
  /** Monotonic ms. */
  readonly now: () => number
  /** How long clients are served in one turn of the event loop before the others wait, ms. */
  readonly turnMs: number
}

export class FairTurns {
  readonly #options: FairTurnsOptions
  /** Those that came while the time of a turn was used up, and those that used it up. */
  #light: Waiting[] = []
  #heavy: Waiting[] = []
  #isDue = false
  /** Of this turn of the event loop. */
  #spentMs = 0

  constructor(options: FairTurnsOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#light.length + this.#heavy.length
  }

  /** Nobody is served any more in this turn of the event loop. */
  get isOver(): boolean {
    return this.#spentMs >= this.#options.turnMs
  }

  /** Somebody was served for so long. */
  spent(ms: number): void {
    this.#spentMs += ms
    if (this.isOver) this.#schedule()
  }

  /** Once until it has run. `isHeavy`: it has just used up its slice. */
  add(waiting: Waiting, isHeavy: boolean): void {
    const queue = isHeavy ? this.#heavy : this.#light
    queue.push(waiting)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.#serve())
  }

  #serve(): void {
    const { now, turnMs } = this.#options
    this.#isDue = false
    this.#spentMs = 0
    const untilMs = now() + turnMs
    const light = this.#light
    const heavy = this.#heavy
    this.#light = []
    this.#heavy = []
    const lightLeft = serveUntil(light, 0, untilMs, now)
    // One of them has its turn in any case, however many others come.
    const heavyLeft = serveUntil(heavy, 1, untilMs, now)
    // What they added goes behind those that did not get their turn.
    this.#light = lightLeft.concat(this.#light)
    this.#heavy = heavyLeft.concat(this.#heavy)
    this.#spentMs = 0
    if (this.length > 0) this.#schedule()
  }
}

/** @returns those that are left */
function serveUntil(
  queue: Waiting[],
  servedMin: number,
  untilMs: number,
  now: () => number,
): Waiting[] {
  let served = 0
  while (served < queue.length && (served < servedMin || now() < untilMs)) {
    ;(queue[served++] as Waiting).run()
  }
  return served === 0 ? queue : queue.slice(served)
}
