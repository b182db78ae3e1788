/**
 * A connection's requests that wait for their answer: when each came, and its bytes. A session answers them in
 * their order, so they need no names. Neighbours: connection, throttle.
 */
import type { ByteBudget } from './byte-budget.ts'

export class InFlight {
  readonly #budget: ByteBudget
  #arrivedMs: number[] = []
  #sizes: number[] = []
  #head = 0
  #bytes = 0

  /** `budget`: of all connections. */
  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  get isEmpty(): boolean {
    return this.#head === this.#sizes.length
  }
  get bytes(): number {
    return this.#bytes
  }

  /** A read that waits: {@link answered} returns its time with a minus. */
  addRead(arrivedMs: number, bytes: number): void {
    this.add(-arrivedMs, bytes)
  }

  add(arrivedMs: number, bytes: number): void {
    this.#arrivedMs.push(arrivedMs)
    this.#sizes.push(bytes)
    this.#bytes += bytes
    this.#budget.add(bytes)
  }

  /** The oldest is answered: when it came; below 0 of a read. */
  answered(): number {
    const at = this.#head++
    const bytes = this.#sizes[at] as number
    const arrivedMs = this.#arrivedMs[at] as number
    this.#bytes -= bytes
    if (this.#head === this.#sizes.length) this.#reset()
    else if (this.#head === 1_024) {
      this.#arrivedMs = this.#arrivedMs.slice(this.#head)
      this.#sizes = this.#sizes.slice(this.#head)
      this.#head = 0
    }
    this.#budget.remove(bytes)
    return arrivedMs
  }

  clear(): void {
    const bytes = this.#bytes
    this.#bytes = 0
    this.#reset()
    this.#budget.remove(bytes)
  }

  #reset(): void {
    this.#arrivedMs.length = 0
    this.#sizes.length = 0
    this.#head = 0
  }
}
