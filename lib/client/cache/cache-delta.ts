/** What differs between two images of a cache. Neighbours: cache (passes it to listeners), cache-image. */
import { isDeepStrictEqual } from 'node:util'
import type { CachedZnode, CacheImage, ChangeNotes } from './cache-image.ts'

/** A znode before and after; undefined: it is not there. */
export interface ZnodeDelta {
  /** undefined: there was none. */
  readonly before: CachedZnode | undefined
  /** undefined: it was deleted. */
  readonly after: CachedZnode | undefined
}

/** What changed. A create or delete changes the Stat of the parent, too. */
export interface CacheDelta {
  /** By path. */
  readonly changes: ReadonlyMap<string, ZnodeDelta>
  /** The image before: `from.zxid` to the new image's is what it covers. */
  readonly from: CacheImage
  /** One transaction; false: several together, by a comparison of two images. */
  readonly isTransaction: boolean
}

/** Collects what one transaction changes. */
export class DeltaBuilder implements ChangeNotes {
  readonly changes = new Map<string, ZnodeDelta>()

  changed(path: string, before: CachedZnode | undefined, after: CachedZnode | undefined): void {
    const known = this.changes.get(path)
    this.changes.set(path, { before: known === undefined ? before : known.before, after })
  }
}

/** Znodes that are compared before others of this process have their turn. */
const TURN_ZNODES = 5_000

/** By comparison. Takes a while, in turns, where the images are large. */
export async function deltaBetween(from: CacheImage, to: CacheImage): Promise<CacheDelta> {
  const changes = new Map<string, ZnodeDelta>()
  let visited = 0
  const turn = async (): Promise<void> => {
    if (++visited % TURN_ZNODES === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  for (const after of to) {
    const before = from.get(after.path)
    if (before !== after && !isSame(before, after)) changes.set(after.path, { before, after })
    await turn()
  }
  for (const before of from) {
    if (!to.has(before.path)) changes.set(before.path, { before, after: undefined })
    await turn()
  }
  return { changes, from, isTransaction: false }
}

/** Of another history the zxids may be the same, and the data another. */
function isSame(before: CachedZnode | undefined, after: CachedZnode): boolean {
  return before !== undefined && isDeepStrictEqual(before, after)
}
