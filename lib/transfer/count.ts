/** How many znodes a stored tree has, without reading them. Neighbour: export (reads them). */
import { decodeHead } from '../format/head.ts'
import { Layout } from '../format/layout.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { Key } from '../store/types.ts'

/** There may be little memory when this is of interest. */
const KEYS_PER_PAGE = 10_000

/**
 * Counts the records of znodes below `prefix`. Where the journal is ahead of them, head says how many znodes there were a few
 * batches ago: the larger of the two is returned, so that deletes that are only in the journal are still counted.
 * @throws {TypeError} the prefix is none
 * @throws {StoreError} the store's own
 */
export async function countZnodes(store: MetadataStore, prefix: string): Promise<number> {
  const layout = new Layout(prefix)
  const records = await countRecords(store, layout)
  const { kvs } = await store.range({ start: layout.head })
  return Math.max(records, kvs[0] === undefined ? 0 : znodesOf(kvs[0].value))
}

/** 0: it is not known. */
function znodesOf(head: Uint8Array): number {
  try {
    return decodeHead(head).check?.znodes ?? 0
  } catch {
    // Whoever loads the tree says what is wrong with it.
    return 0
  }
}

async function countRecords(store: MetadataStore, layout: Layout): Promise<number> {
  const { start: first, end } = layout.znodes
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
