/** How long the outages of a bed's seats last, for a cell that fails: a slow machine makes short ones long. Neighbour: matrix-cells. */
import type { Bed, Seat } from './recipe-play.ts'

export class OutageTimes {
  #longestMs = 0
  /** When each one that lasts has begun. */
  readonly #since = new Set<{ readonly ms: number }>()

  /** The same bed, whose seats are looked at. */
  of<B extends Bed>(bed: B): B {
    return { ...bed, seat: async (options) => this.#watched(await bed.seat(options)) }
  }

  /** Of the longest one so far; those count that last. Unit ms. */
  get longestMs(): number {
    const now = performance.now()
    return Math.max(this.#longestMs, ...[...this.#since].map(({ ms }) => now - ms))
  }

  #watched(seat: Seat): Seat {
    let lasting: { readonly ms: number } | undefined
    const begins = (): void => {
      if (lasting !== undefined) return
      lasting = { ms: performance.now() }
      this.#since.add(lasting)
    }
    return {
      ...seat,
      cut: () => {
        begins()
        seat.cut()
      },
      cutBehindNextWrite: () => {
        begins()
        seat.cutBehindNextWrite()
      },
      mend: () => {
        seat.mend()
        if (lasting === undefined) return
        this.#longestMs = Math.max(this.#longestMs, performance.now() - lasting.ms)
        this.#since.delete(lasting)
        lasting = undefined
      },
    }
  }
}
