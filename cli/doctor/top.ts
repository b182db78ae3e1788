/** The largest of many, in one pass. Neighbour: survey. */

export class Top<T> {
  readonly #count: number
  readonly #weigh: (item: T) => number
  #items: T[] = []

  constructor(count: number, weigh: (item: T) => number) {
    this.#count = count
    this.#weigh = weigh
  }

  /** Of equal ones the first stays. */
  add(item: T): void {
    const weight = this.#weigh(item)
    const last = this.#items.at(-1)
    if (this.#items.length >= this.#count && last !== undefined && this.#weigh(last) >= weight)
      return
    let at = this.#items.length
    while (at > 0 && this.#weigh(this.#items[at - 1] as T) < weight) at--
    this.#items.splice(at, 0, item)
    if (this.#items.length > this.#count) this.#items.pop()
  }

  get items(): readonly T[] {
    return this.#items
  }
}
