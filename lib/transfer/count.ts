/** How many znodes a stored tree has, without reading them. Neighbour: export (reads them). */
import { Layout } from '../format/layout.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { Key } from '../store/types.ts'

/** There may be little memory when this is of interest. */
const KEYS_PER_PAGE = 10_000

/**
 * Counts the records of znodes below `prefix`, those that the journal is ahead of included.
 * @throws {TypeError} the prefix is none
 * @throws {StoreError} the store's own
 */
export async function countZnodes(store: MetadataStore, prefix: string): Promise<number> {
  const { start: first, end } = new Layout(prefix).znodes
  let start: Key = first
  for (let count = 0; ; ) {
    const countMax = KEYS_PER_PAGE
    const { kvs, more } = await store.range({ start, end, countMax, keysOnly: true })
    count += kvs.length
    const last = kvs.at(-1)
    if (!more || last === undefined) return count
    start = Buffer.concat([last.key, Buffer.from([0])])
  }
}
