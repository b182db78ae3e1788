/** The watches a client has set, as ZooKeeper's own clients keep them: what a reconnect asks for again. */
import type { Reply } from './history.ts'
import type { SetWatches, SimRequest } from './requests.ts'

export class ClientWatches {
  readonly #data = new Set<string>()
  readonly #exist = new Set<string>()
  readonly #child = new Set<string>()
  readonly #persistent = new Set<string>()
  readonly #recursive = new Set<string>()

  answered(request: SimRequest, { err }: Reply): void {
    switch (request.type) {
      case 'get':
        if (request.watch && err === 0) this.#data.add(request.path)
        return
      case 'exists':
        if (!request.watch) return
        if (err === 0) this.#data.add(request.path)
        else this.#exist.add(request.path)
        return
      case 'children':
        if (request.watch && err === 0) this.#child.add(request.path)
        return
      case 'addWatch':
        if (err === 0) (request.recursive ? this.#recursive : this.#persistent).add(request.path)
    }
  }

  fired(type: number, path: string): void {
    if (type !== 4) {
      this.#data.delete(path)
      this.#exist.delete(path)
    }
    if (type === 2 || type === 4) this.#child.delete(path)
  }

  /** undefined: there is none to set again. */
  again(relativeZxid: number): SetWatches | undefined {
    const count =
      this.#data.size +
      this.#exist.size +
      this.#child.size +
      this.#persistent.size +
      this.#recursive.size
    if (count === 0) return undefined
    return {
      type: 'setWatches',
      relativeZxid,
      data: [...this.#data],
      exist: [...this.#exist],
      child: [...this.#child],
      persistent: [...this.#persistent],
      recursive: [...this.#recursive],
    }
  }

  clear(): void {
    for (const paths of [this.#data, this.#exist, this.#child]) paths.clear()
    this.#persistent.clear()
    this.#recursive.clear()
  }
}
