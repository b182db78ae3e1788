/**
 * A loop that awaits only what is there already gives signals and timers no turn: Ctrl-C would be noticed at its end. One that takes
 * turns is never longer than {@link TURN_MS} without one. Neighbours: loops over a whole tree.
 */

/** Unit: ms. */
const TURN_MS = 50

export class Turns {
  #lastMs = performance.now()

  /** Resolves immediately, but when a turn is due. */
  take(): Promise<void> | undefined {
    return performance.now() - this.#lastMs < TURN_MS ? undefined : this.#taken()
  }

  async #taken(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#lastMs = performance.now()
  }
}
