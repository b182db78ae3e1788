/** A start that a signal ends: what it has in the store by then is taken back. Neighbours: serve, until-reachable, load-progress. */

export class Starting {
  readonly #controller = new AbortController()
  #opening: Promise<unknown> = Promise.resolve()

  /** Aborted when the start is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What is being opened registers itself in the store: {@link end} waits for it. */
  track<T>(opening: Promise<T>): Promise<T> {
    this.#opening = opening.catch(() => {})
    return opening
  }

  /**
   * Resolves when nothing is being opened any more, so that what was opened can be closed; at the latest after `msMax`, or when
   * `isUrgent` resolves.
   */
  async end(msMax: number, isUrgent: Promise<void>): Promise<void> {
    this.#controller.abort(new Error('a signal ended the start'))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, msMax)
    })
    await Promise.race([this.#opening, isUrgent, late])
    clearTimeout(timer)
  }
}
