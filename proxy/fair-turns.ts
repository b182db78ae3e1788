/**
 * Who is served next while several clients have more to be served than one turn of the event loop may take.
 * A client that has used up its slice goes to the end of the queue; one that asks little never enters it.
 * Neighbours: throttle (waits here), server (has one).
 */

/** A connection with input that waits. */
export interface Waiting {
  /** Serves for one slice. What is left then waits again. */
  run(): void
}

export interface FairTurnsOptions {
  /** Monotonic ms. */
  readonly now: () => number
  /** How long the queue may be served in one turn of the event loop, ms. */
  readonly turnMs: number
}

export class FairTurns {
  readonly #options: FairTurnsOptions
  #queue: Waiting[] = []
  #isDue = false

  constructor(options: FairTurnsOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#queue.length
  }

  /** Once until it has run. */
  add(waiting: Waiting): void {
    this.#queue.push(waiting)
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.#serve())
  }

  #serve(): void {
    const { now, turnMs } = this.#options
    const due = this.#queue
    const untilMs = now() + turnMs
    this.#isDue = false
    // What they add goes behind those that do not get their turn now.
    this.#queue = []
    let served = 0
    while (served < due.length) {
      ;(due[served++] as Waiting).run()
      if (now() >= untilMs) break
    }
    if (served === due.length) return
    const added = this.#queue
    this.#queue = due.slice(served)
    for (const waiting of added) this.#queue.push(waiting)
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.#serve())
  }
}
