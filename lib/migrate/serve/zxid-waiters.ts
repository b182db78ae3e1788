/** Who waits until the replica has come so far. Neighbour: zookeeper-upstream. */

export class ZxidWaiters {
  #waiting: { readonly zxid: number; readonly reached: () => void }[] = []
  readonly #zxid: () => number

  /** `zxid`: of the replica. */
  constructor(zxid: () => number) {
    this.#zxid = zxid
  }

  /** Resolves when the replica has it, or {@link giveUp} is called. */
  until(zxid: number): Promise<void> {
    if (this.#zxid() >= zxid) return Promise.resolve()
    return new Promise((reached) => this.#waiting.push({ zxid, reached }))
  }

  /** The replica has come further. */
  look(): void {
    if (this.#waiting.length === 0) return
    const zxid = this.#zxid()
    const there = this.#waiting.filter((waiting) => waiting.zxid <= zxid)
    this.#waiting = this.#waiting.filter((waiting) => waiting.zxid > zxid)
    for (const { reached } of there) reached()
  }

  giveUp(): void {
    const all = this.#waiting
    this.#waiting = []
    for (const { reached } of all) reached()
  }
}
