/**
 * The tree as it is now, handed out in pages while it changes: what a change finds unread is kept as it was before.
 * So no page is a copy of more than its own znodes, and what is kept is bounded by what changes meanwhile.
 * Neighbours: tree/data-tree (walked in the order of its serials), change-feed (passes the changes on).
 */
import type { SnapshotZnode } from '../../model/change.ts'
import type { Znode } from '../../model/znode.ts'
import type { DataTree } from '../tree/data-tree.ts'
import { isBelow, snapshotZnode, type Wanted } from './to-change.ts'

/** A page ends behind so many znodes, so many bytes of paths and data, or so many znodes that are not wanted. */
const PAGE = { znodesMax: 1_000, bytesMax: 256 * 1024, visitedMax: 10_000 } as const
/** What a znode takes besides its path and data. Unit bytes. */
const ZNODE_BYTES = 256

export class TreeSnapshot {
  readonly zxid: number
  /** More changed than may be kept: the snapshot is of no use. */
  isTooLarge = false
  readonly #tree: DataTree
  readonly #wanted: Wanted
  readonly #bytesMax: number
  #walk: Iterator<[string, Znode]> | undefined
  /** Serial of the znode that was visited last. */
  #passed = 0
  /** Znodes as they were, that are not visited yet. */
  readonly #kept = new Map<string, SnapshotZnode>()
  #keptBytes = 0

  constructor(tree: DataTree, zxid: number, wanted: Wanted, bytesMax: number) {
    this.#tree = tree
    this.zxid = zxid
    this.#wanted = wanted
    this.#bytesMax = bytesMax
    this.#walk = tree.entries()
  }

  /** Called before a znode changes, or goes. */
  changing(path: string, node: Znode): void {
    if (this.isTooLarge || node.czxid > this.zxid || node.serial <= this.#passed) return
    if (!isBelow(path, this.#wanted.prefix) || this.#kept.has(path)) return
    this.#kept.set(path, this.#copy(path, node))
    this.#keptBytes += sizeOf(path, node)
    if (this.#keptBytes <= this.#bytesMax) return
    this.isTooLarge = true
    this.#kept.clear()
  }

  /** The next znodes, empty where none of those visited is wanted; undefined: that was all. */
  page(): SnapshotZnode[] | undefined {
    const page: SnapshotZnode[] = []
    let bytes = 0
    for (let visited = 0; this.#walk !== undefined && visited < PAGE.visitedMax; visited++) {
      const { value, done } = this.#walk.next()
      if (done === true) {
        this.#walk = undefined
        this.#passed = Number.POSITIVE_INFINITY
        break
      }
      const [path, node] = value
      this.#passed = node.serial
      if (node.czxid > this.zxid || !isBelow(path, this.#wanted.prefix)) continue
      page.push(this.#kept.get(path) ?? this.#copy(path, node))
      this.#kept.delete(path)
      bytes += sizeOf(path, node)
      if (page.length >= PAGE.znodesMax || bytes >= PAGE.bytesMax) return page
    }
    if (this.#walk !== undefined) return page
    return this.#gone(page)
  }

  /** Those that were deleted before they were visited. */
  #gone(page: SnapshotZnode[]): SnapshotZnode[] | undefined {
    let bytes = 0
    for (const [path, znode] of this.#kept) {
      this.#kept.delete(path)
      page.push(znode)
      bytes += path.length + (znode.data?.length ?? 0) + ZNODE_BYTES
      if (page.length >= PAGE.znodesMax || bytes >= PAGE.bytesMax) break
    }
    return page.length === 0 ? undefined : page
  }

  #copy(path: string, node: Znode): SnapshotZnode {
    const znode = snapshotZnode(path, node, this.#wanted.withData)
    return this.#tree.unreadable.has(path) ? { ...znode, unreadable: true } : znode
  }
}

const sizeOf = (path: string, { data }: Znode): number =>
  path.length + (data?.length ?? 0) + ZNODE_BYTES
