/**
 * When the committer sends pending requests: behind the input of a tick, or when a wait of its own is over. A fault of our own there
 * is no one batch's, and of its plans half a one may be left: nothing is sent before the tree is loaded again.
 * Neighbours: group-committer, fault.
 */
export interface PumpLoopOptions {
  /** Sends what may be sent now. */
  readonly pump: () => void
  /** It threw this. Must not throw. */
  readonly failed: (error: unknown) => void
}

export class PumpLoop {
  readonly #options: PumpLoopOptions
  #isDue = false
  #isBroken = false

  constructor(options: PumpLoopOptions) {
    this.#options = options
  }

  /** After this tick's input: all requests that arrived with it share one batch. */
  soon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.now()
    })
  }

  now(): void {
    if (this.#isBroken) return
    try {
      this.#options.pump()
    } catch (error) {
      this.#isBroken = true
      this.#options.failed(error)
    }
  }

  /** The tree was loaded again, and nothing is planned. */
  mended(): void {
    this.#isBroken = false
  }
}
