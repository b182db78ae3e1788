/** How long the oldest transaction waits that an ensemble has committed and a replica has not. Neighbour: zookeeper-upstream. */
import type { Clock } from '../../base/clock.ts'

export class SourceLag {
  readonly #clock: Clock
  readonly #zxid: () => number
  /** Newest that the ensemble has committed. */
  #committed = 0
  #mark: { readonly zxid: number; readonly sinceMs: number } | undefined

  /** `zxid`: of the replica. */
  constructor(clock: Clock, zxid: () => number) {
    this.#clock = clock
    this.#zxid = zxid
  }

  /** At most as much too long as the time between two calls. Unit: ms. */
  get ms(): number {
    this.#look()
    return this.#mark === undefined ? 0 : this.#clock.monotonic() - this.#mark.sinceMs
  }

  /** The ensemble has committed it. */
  committed(zxid: number): void {
    this.#committed = zxid
    if (this.#mark === undefined) this.#look()
  }

  #look(): void {
    const zxid = this.#zxid()
    if (this.#mark !== undefined && zxid >= this.#mark.zxid) this.#mark = undefined
    if (this.#mark === undefined && zxid < this.#committed) {
      this.#mark = { zxid: this.#committed, sinceMs: this.#clock.monotonic() }
    }
  }
}
