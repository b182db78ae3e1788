/**
 * Paths that are to be read, each by at most one read at a time, and a bounded number of them together: what changes during
 * a read is read again. Neighbour: tree-cache.
 */

export class ReadQueue {
  readonly #read: (path: string, isDeep: boolean) => Promise<void>
  readonly #inFlightMax: number
  /** In the order of their coming. */
  readonly #waiting = new Set<string>()
  /** Of those, and of those to be read again: with their children. */
  readonly #deep = new Set<string>()
  readonly #reading = new Set<string>()
  readonly #again = new Set<string>()
  #deepReading = 0

  /** `read`: of a path and, deep, of the names of its children. */
  constructor(read: (path: string, isDeep: boolean) => Promise<void>, inFlightMax: number) {
    this.#read = read
    this.#inFlightMax = inFlightMax
  }

  /** No read with children is waiting or running. */
  get isWalked(): boolean {
    return this.#deep.size === 0 && this.#deepReading === 0
  }

  /** It has to be read: by a read that begins after this call. */
  add(path: string, isDeep: boolean): void {
    if (isDeep) this.#deep.add(path)
    if (this.#reading.has(path)) this.#again.add(path)
    else this.#waiting.add(path)
  }

  /** Nothing has to be read. */
  clear(): void {
    this.#waiting.clear()
    this.#deep.clear()
    this.#again.clear()
  }

  /**
   * Resolves when nothing is waiting; `onRead` is called after each. @throws what the first read that failed did, when no
   * other is running; it is waiting again then
   */
  drain(onRead: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let failure: { readonly error: unknown } | undefined
      const next = (): void => {
        while (failure === undefined && this.#reading.size < this.#inFlightMax) {
          const path = first(this.#waiting)
          if (path === undefined) break
          this.#run(path).then(
            () => {
              onRead()
              next()
            },
            (error: unknown) => {
              failure ??= { error }
              next()
            },
          )
        }
        if (this.#reading.size > 0) return
        if (failure === undefined) resolve()
        else reject(failure.error)
      }
      next()
    })
  }

  async #run(path: string): Promise<void> {
    const isDeep = this.#deep.delete(path)
    this.#waiting.delete(path)
    this.#reading.add(path)
    if (isDeep) this.#deepReading++
    try {
      await this.#read(path, isDeep)
    } catch (error) {
      this.#again.add(path)
      if (isDeep) this.#deep.add(path)
      throw error
    } finally {
      if (isDeep) this.#deepReading--
      this.#reading.delete(path)
      if (this.#again.delete(path)) this.#waiting.add(path)
    }
  }
}

function first(paths: ReadonlySet<string>): string | undefined {
  for (const path of paths) return path
  return undefined
}
