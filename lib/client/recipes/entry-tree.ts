/** Znodes by path, and the names below each. Neighbour: tree-cache. */
import { childOf, nameOf, parentOf } from '../../model/path.ts'
import type { CacheEntry } from './cache-entry.ts'

export class EntryTree {
  readonly #entries = new Map<string, CacheEntry>()
  readonly #names = new Map<string, Set<string>>()

  get size(): number {
    return this.#entries.size
  }

  get(path: string): CacheEntry | undefined {
    return this.#entries.get(path)
  }

  names(path: string): readonly string[] {
    return [...(this.#names.get(path) ?? [])]
  }

  values(): Iterable<CacheEntry> {
    return this.#entries.values()
  }

  set(entry: CacheEntry): void {
    const { path } = entry
    this.#entries.set(path, entry)
    if (path === '/') return
    const parent = parentOf(path)
    const names = this.#names.get(parent)
    if (names === undefined) this.#names.set(parent, new Set([nameOf(path)]))
    else names.add(nameOf(path))
  }

  delete(path: string): void {
    this.#entries.delete(path)
    if (path === '/') return
    const parent = parentOf(path)
    const names = this.#names.get(parent)
    names?.delete(nameOf(path))
    if (names?.size === 0) this.#names.delete(parent)
  }

  /** Full paths of the children that are here and not among `names`. */
  *childrenBeyond(path: string, names: ReadonlySet<string>): Generator<string> {
    for (const name of this.names(path)) if (!names.has(name)) yield childOf(path, name)
  }
}
