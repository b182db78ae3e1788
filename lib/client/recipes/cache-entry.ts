/** What the caches over ordinary verbs keep of a znode, and how it is read. Neighbours: node-cache, tree-cache. */
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import type { Stat } from '../../model/request.ts'
import type { WatchCallback } from '../watches.ts'
import type { ZooKeeper } from '../zookeeper.ts'

/** A znode as {@link NodeCache} and {@link TreeCache} read it. Treat `data` as read-only. */
export interface CacheEntry {
  /** As the client has it: without its chroot. */
  readonly path: string
  /** null: it has none. undefined: the cache has the option `withoutData`. */
  readonly data: Uint8Array | null | undefined
  /** As of that read: `numChildren`, `cversion`, `pzxid` and `aversion` may be older than those of the znode. */
  readonly stat: Stat
}

/** undefined: there is none. `watch`: of its creation too. @throws {ZnodeError} as getData() */
export async function readEntry(
  client: ZooKeeper,
  path: string,
  withoutData: boolean,
  watch?: WatchCallback,
): Promise<CacheEntry | undefined> {
  for (;;) {
    if (!withoutData) {
      try {
        return { path, ...(await client.getData(path, watch)) }
      } catch (error) {
        if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
      }
      if (watch === undefined) return undefined
    }
    const stat = await client.exists(path, watch)
    if (stat === undefined) return undefined
    if (withoutData) return { path, data: undefined, stat }
  }
}

/** The same znode with the same data? One that was deleted and created again is another. */
export function isSameEntry(a: CacheEntry | undefined, b: CacheEntry | undefined): boolean {
  return a?.stat.czxid === b?.stat.czxid && a?.stat.mzxid === b?.stat.mzxid
}
