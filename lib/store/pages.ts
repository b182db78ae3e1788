/**
 * A whole range at one revision, page by page; each is read ahead while the one before it is
 * processed. Pages are large, because a store may walk the rest of the range for each (etcd counts
 * it), and bounded in bytes by an estimate: the mean size of the records seen so far.
 */
import type { StoreReads } from './metadata-store.ts'
import type { Key, KeyValue, Revision } from './types.ts'

export interface PageBounds {
  /** Target size, keys and values together. Unit: bytes. */
  readonly loadPageBytes: number
  readonly loadPageKeysMax: number
}

/** Nothing is known of the records yet: a page of the largest znodes is still bearable. */
const FIRST_PAGE_KEYS = 128
/** Larger records may follow small ones. */
const GROWTH_MAX = 8

export async function* pages(
  store: StoreReads,
  range: { readonly start: Key; readonly end: Key },
  revision: Revision,
  { loadPageBytes, loadPageKeysMax }: PageBounds,
): AsyncGenerator<readonly KeyValue[]> {
  const ask = (start: Key, countMax: number) =>
    store.range({ start, end: range.end, revision, countMax })
  let countMax = Math.min(FIRST_PAGE_KEYS, loadPageKeysMax)
  let upcoming = ask(range.start, countMax)
  for (;;) {
    const { kvs, more } = await upcoming
    const last = kvs.at(-1)
    if (!more || last === undefined) {
      yield kvs
      return
    }
    const fitting = Math.max(1, Math.floor(loadPageBytes / meanBytes(kvs)))
    countMax = Math.min(fitting, countMax * GROWTH_MAX, loadPageKeysMax)
    upcoming = ask(after(last.key), countMax)
    // A failure surfaces where the page is awaited; a caller that stops before does not need it.
    upcoming.catch(() => {})
    yield kvs
  }
}

function meanBytes(kvs: readonly KeyValue[]): number {
  let bytes = 0
  for (const { key, value } of kvs) bytes += key.length + value.length
  return Math.max(1, bytes / kvs.length)
}

/** The first key that can follow. */
function after(key: Key): Key {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
