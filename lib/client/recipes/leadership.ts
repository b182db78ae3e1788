/** A leadership whose signal is aborted before it is given up, so that the work under it ends first. Neighbour: leader-selector. */
import type { Held } from './holding.ts'

export class Leadership implements Held {
  readonly #held: Held
  readonly #abort = new AbortController()
  readonly #interrupted: Promise<void>
  #interrupt!: () => void
  #isLost = false

  constructor(held: Held) {
    this.#held = held
    this.#interrupted = new Promise((resolve) => {
      this.#interrupt = resolve
    })
    const lose = (): void => {
      this.#isLost = !this.signal.aborted
      this.#abort.abort(held.signal.reason)
    }
    if (held.signal.aborted) lose()
    else held.signal.addEventListener('abort', lose, { once: true })
  }

  get token(): number {
    return this.#held.token
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get isHeld(): boolean {
    return !this.signal.aborted && this.#held.isHeld
  }

  /** It ended by itself. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Resolves once interrupt() was called, also after it was lost. */
  get interrupted(): Promise<void> {
    return this.#interrupted
  }

  /** The work is to end; the znode stays until release(). */
  interrupt(): void {
    this.#interrupt()
    this.#abort.abort()
  }

  release(): Promise<void> {
    this.interrupt()
    return this.#held.release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }
}
