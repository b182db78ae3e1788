/**
 * A list of items sorted by key bytes. It is kept in chunks, so an insert moves a few hundred
 * references, never the whole list. Neighbour: key-states.ts.
 */
import { compareBytes } from '../../lib/store/bytes.ts'
import type { Key } from '../../lib/store/types.ts'

/** A chunk that grows past this many items is halved. */
const CHUNK_ITEMS_MAX = 512

export class KeyIndex<T extends { readonly key: Key }> {
  /** Never holds an empty chunk, save when the index is empty. */
  #chunks: T[][] = []

  get(key: Key): T | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)]
    if (chunk === undefined) return undefined
    const item = chunk[lowerBound(chunk, key)]
    return item !== undefined && compareBytes(item.key, key) === 0 ? item : undefined
  }

  /** The key must not be in the index yet. */
  insert(item: T): void {
    const at = this.#chunkOf(item.key)
    const chunk = this.#chunks[at]
    if (chunk === undefined) {
      this.#chunks.push([item])
      return
    }
    chunk.splice(lowerBound(chunk, item.key), 0, item)
    if (chunk.length > CHUNK_ITEMS_MAX) {
      this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_ITEMS_MAX >>> 1))
    }
  }

  /** Removes the item of this key, if there is one. */
  remove(key: Key): void {
    const at = this.#chunkOf(key)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return
    const index = lowerBound(chunk, key)
    const item = chunk[index]
    if (item === undefined || compareBytes(item.key, key) !== 0) return
    chunk.splice(index, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** Items with start <= key < end, in key order. */
  *ascend(start: Key, end: Key): Generator<T> {
    let at = this.#chunkOf(start)
    let index = at < this.#chunks.length ? lowerBound(this.#chunks[at]!, start) : 0
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunks[at]!
      const stop = compareBytes(chunk.at(-1)!.key, end) < 0 ? chunk.length : lowerBound(chunk, end)
      for (; index < stop; index++) yield chunk[index]!
      if (stop < chunk.length) return
    }
  }

  /** Items with start <= key < end, highest key first. */
  *descend(start: Key, end: Key): Generator<T> {
    for (let at = Math.min(this.#chunkOf(end), this.#chunks.length - 1); at >= 0; at--) {
      const chunk = this.#chunks[at]!
      const stop = compareBytes(chunk[0]!.key, start) >= 0 ? 0 : lowerBound(chunk, start)
      for (let index = lowerBound(chunk, end) - 1; index >= stop; index--) yield chunk[index]!
      if (stop > 0) return
    }
  }

  /** The chunk in which the key is or belongs: the last one that begins at or before it. */
  #chunkOf(key: Key): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareBytes(this.#chunks[middle]![0]!.key, key) <= 0) low = middle + 1
      else high = middle
    }
    return Math.max(low - 1, 0)
  }
}

/** Index of the first item whose key is not below `key`. */
export function lowerBound<T extends { readonly key: Key }>(items: readonly T[], key: Key): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(items[middle]!.key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
