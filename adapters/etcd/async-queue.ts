/** Turns pushes into an iteration: the items in order, until the end. */

export class AsyncQueue<T> {
  #items: T[] = []
  #ended = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  push(item: T): void {
    if (this.#ended) return
    this.#items.push(item)
    this.#wake?.()
  }

  /** Only the first call counts. The items pushed before it are still delivered. */
  end(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  /** Ends now, and drops the items that were not taken yet. */
  clear(): void {
    this.#items = []
    this.end()
  }

  /** For one reader. @throws the error given to {@link end}, after the last item. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      const items = this.#items
      this.#items = []
      for (const item of items) yield item
      if (items.length > 0 || this.#items.length > 0) continue
      if (this.#error !== undefined) throw this.#error
      if (this.#ended) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}
