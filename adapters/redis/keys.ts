/**
 * The store's keys in Redis, for the scripts and their callers. All keys share a hash tag, so they
 * belong to one slot. Neighbours: lua.ts (writes them), records.ts (the bytes).
 */

/** Format of the data. Data of a higher one is refused. */
export const FORMAT = 1

/**
 * In the order in which every script takes its keys:
 * - `state`: hash of format, incarnation, revision, compacted and lua.ts's own fields.
 * - `index`: sorted set of all keys, score 0, so in byte order.
 * - `records`: hash of key → record, see records.ts.
 * - `feed`: stream with one entry `<revision>-0` for each revision, see records.ts.
 * - `deadlines`: sorted set of lease → ms since 1970 by the server's clock.
 * - `ttls`: hash of lease → ms.
 * - `bound`: sorted set of lease + key, score 0: the keys of a lease are one range.
 * - `generations`: sorted set of `<revision>:<bytes fed before>`: where the feed may be trimmed.
 * - `values`: hash of key → value, for the large ones.
 */
const PARTS = [
  'state',
  'index',
  'records',
  'feed',
  'deadlines',
  'ttls',
  'bound',
  'generations',
  'values',
] as const

/** The feed's index in {@link keysOf}. */
export const FEED = PARTS.indexOf('feed')

/** The keys of the store with this name. */
export function keysOf(name: string): readonly string[] {
  return PARTS.map((part) => `{${name}}:${part}`)
}
