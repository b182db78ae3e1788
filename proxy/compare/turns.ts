/** One thing at a time over all connections, in the order asked for: both sides see one order. */

export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Asked for and not finished. */
  get waiting(): number {
    return this.#waiting
  }

  /** Runs the task when all before it are done, also if they failed. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting++
    const done = this.#last.then(task).finally(() => {
      this.#waiting--
    })
    this.#last = done.catch(() => {})
    return done
  }

  /** Until everything asked for so far is done. */
  async idle(): Promise<void> {
    await this.#last
  }
}
