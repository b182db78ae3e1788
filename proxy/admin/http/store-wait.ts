/** How long a request over HTTP waits for the store, and how often that was too long. Neighbours: call (has it), the routes. */
import { type Clock, deadline } from '../../../lib/internal.ts'

export class StoreWait {
  /** Requests that were answered before the store did. */
  late = 0
  readonly #ms: number

  constructor(ms: number) {
    this.#ms = ms
  }

  /** Calls `onLate` when the time is over. @returns the store has answered */
  begin(clock: Clock, onLate: () => void): () => void {
    return deadline(clock, this.#ms, () => {
      this.late++
      onLate()
    })
  }
}
