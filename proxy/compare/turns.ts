/** Runs one task at a time over all connections, first come, first served: both sides see one order. */

export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Tasks that have not finished. */
  get waiting(): number {
    return this.#waiting
  }

  /** Runs the task when all earlier ones have finished or failed. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting++
    const done = this.#last.then(task).finally(() => {
      this.#waiting--
    })
    this.#last = done.catch(() => {})
    return done
  }

  /** Resolves when all tasks so far have finished. */
  async idle(): Promise<void> {
    await this.#last
  }
}
