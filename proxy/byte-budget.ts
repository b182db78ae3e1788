/**
 * Bytes that all connections together may hold of one kind. A budget refuses nothing by itself: who finds it
 * full stops reading, and is woken when there is room. Neighbours: throttle, server.
 */

export class ByteBudget {
  readonly bytesMax: number
  #bytes = 0
  #peakBytes = 0
  /** How often somebody had to wait. */
  waits = 0
  readonly #waiting = new Set<() => void>()

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }
  /** The most there ever was. */
  get peakBytes(): number {
    return this.#peakBytes
  }
  get isFull(): boolean {
    return this.#bytes >= this.bytesMax
  }

  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#peakBytes) this.#peakBytes = this.#bytes
  }

  remove(bytes: number): void {
    this.#bytes -= bytes
    if (this.#waiting.size === 0 || this.#bytes > this.bytesMax * 0.75) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** `wake` is called once, when a quarter is free; the first to wait is the first to be woken. */
  wait(wake: () => void): void {
    if (this.#waiting.has(wake)) return
    this.#waiting.add(wake)
    this.waits++
  }

  forget(wake: () => void): void {
    this.#waiting.delete(wake)
  }
}
