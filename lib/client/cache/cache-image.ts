/**
 * What a cache knows at one zxid: an immutable view of a part of the tree. A transaction makes another one, which shares
 * nearly all of it. Neighbours: cache (keeps the newest), persistent-map (holds it), cache-delta (notes what changes).
 */
import type { Change, ChangeKind, ChangeOp, SnapshotZnode } from '../../model/change.ts'
import { nameOf, parentOf } from '../../model/path.ts'
import type { Acl, Stat } from '../../model/request.ts'
import { PersistentMap } from './persistent-map.ts'

/** A znode in a cache. Immutable: treat `data` as read-only. */
export interface CachedZnode {
  /** Full path. */
  readonly path: string
  /** null: it has none. undefined: the cache is opened with `withoutData`. */
  readonly data: Uint8Array | null | undefined
  /** As it is stored: digests are not masked. */
  readonly acl: readonly Acl[]
  /** As `exists()` would return it. */
  readonly stat: Stat
  /** An ephemeral is `plain`, with an owner in its Stat. */
  readonly kind: ChangeKind
  /** Of a TTL znode, ms; else 0. */
  readonly ttlMs: number
  /** Creates ever made below it. */
  readonly creates: number
}

/** Notes a change of a znode. */
export interface ChangeNotes {
  changed(path: string, before: CachedZnode | undefined, after: CachedZnode | undefined): void
}

type Names = PersistentMap<true>
const NO_NAMES: Names = PersistentMap.empty()

/** What a cache knows at one zxid. It never changes: keep as many as you like, they share what is the same. */
export interface CacheImage extends Iterable<CachedZnode> {
  /** All up to here is in it. */
  readonly zxid: number
  /** Znodes in it. */
  readonly size: number
  /** undefined: there is no such znode, or it is not below the cache's prefix. */
  get(path: string): CachedZnode | undefined
  /** Is there a znode? */
  has(path: string): boolean
  /** Names of the children, in no particular order; none where the znode is not there. */
  children(path: string): string[]
}

export class TreeImage implements CacheImage {
  readonly zxid: number
  readonly #znodes: PersistentMap<CachedZnode>
  readonly #children: PersistentMap<Names>

  private constructor(
    zxid: number,
    znodes: PersistentMap<CachedZnode>,
    children: PersistentMap<Names>,
  ) {
    this.zxid = zxid
    this.#znodes = znodes
    this.#children = children
  }

  static empty(): TreeImage {
    return new TreeImage(0, PersistentMap.empty(), PersistentMap.empty())
  }
  /** The same, known to hold at another zxid. */
  at(zxid: number): TreeImage {
    return new TreeImage(zxid, this.#znodes, this.#children)
  }

  get size(): number {
    return this.#znodes.size
  }
  get(path: string): CachedZnode | undefined {
    return this.#znodes.get(path)
  }
  has(path: string): boolean {
    return this.#znodes.has(path)
  }
  children(path: string): string[] {
    return [...(this.#children.get(path) ?? NO_NAMES).keys()]
  }
  /** In no particular order. */
  *[Symbol.iterator](): Generator<CachedZnode> {
    for (const [, znode] of this.#znodes) yield znode
  }

  /** With a page of a snapshot. */
  withPage(znodes: readonly SnapshotZnode[], zxid: number): TreeImage {
    let [all, children] = [this.#znodes, this.#children]
    for (const { path, data, acl, stat, kind, ttlMs, creates } of znodes) {
      all = all.with(path, { path, data, acl, stat, kind, ttlMs, creates })
      children = link(children, path)
    }
    return new TreeImage(zxid, all, children)
  }

  /** After the transaction. What it changes is noted in `delta`. */
  withChange(change: Change, delta: ChangeNotes): TreeImage {
    const draft = new Draft(this.#znodes, this.#children, delta)
    for (const op of change.ops) draft.apply(op, change)
    return new TreeImage(change.zxid, draft.znodes, draft.children)
  }
}

/** An image while a transaction is applied. */
class Draft {
  znodes: PersistentMap<CachedZnode>
  children: PersistentMap<Names>
  readonly #delta: ChangeNotes

  constructor(
    znodes: PersistentMap<CachedZnode>,
    children: PersistentMap<Names>,
    delta: ChangeNotes,
  ) {
    this.znodes = znodes
    this.children = children
    this.#delta = delta
  }

  apply(op: ChangeOp, { zxid, time }: Change): void {
    switch (op.op) {
      case 'create':
        return this.#create(op, zxid, time)
      case 'delete': {
        this.#set(op.path, undefined)
        // The root of a client with a chroot may go.
        if (op.path === '/') return
        this.children = unlink(this.children, op.path)
        return this.#update(parentOf(op.path), (parent) => ({
          ...parent,
          stat: parentStat(parent.stat, parent.creates, -1, Math.max(zxid, parent.stat.pzxid)),
        }))
      }
      case 'setData':
        return this.#update(op.path, (znode) => {
          const { version, dataLength } = op
          const stat = { ...znode.stat, mzxid: zxid, mtime: time, version, dataLength }
          return { ...znode, data: op.data, stat }
        })
      case 'setACL':
        return this.#update(op.path, (znode) => {
          return { ...znode, acl: op.acl, stat: { ...znode.stat, aversion: op.aversion } }
        })
      default:
      // Sessions: not in a cache.
    }
  }

  #create(op: ChangeOp & { op: 'create' }, zxid: number, time: number): void {
    const { path, data, acl, kind, ttlMs, ephemeralOwner } = op
    const stat: Stat = {
      ...{ czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: time, mtime: time },
      ...{ version: 0, cversion: 0, aversion: 0, numChildren: 0, ephemeralOwner },
      dataLength: op.dataLength,
    }
    this.#set(path, { path, data, acl, stat, kind, ttlMs, creates: 0 })
    this.children = link(this.children, path)
    if (path === '/') return
    this.#update(parentOf(path), (parent) => {
      const isLater = op.parentCreates > parent.creates
      const creates = isLater ? op.parentCreates : parent.creates
      const pzxid = isLater ? zxid : parent.stat.pzxid
      return { ...parent, creates, stat: parentStat(parent.stat, creates, 1, pzxid) }
    })
  }

  /** Nothing, where it is not in the image: the parent of the prefix is not. */
  #update(path: string, change: (znode: CachedZnode) => CachedZnode): void {
    const znode = this.znodes.get(path)
    if (znode !== undefined) this.#set(path, change(znode))
  }

  #set(path: string, after: CachedZnode | undefined): void {
    this.#delta.changed(path, this.znodes.get(path), after)
    this.znodes = after === undefined ? this.znodes.without(path) : this.znodes.with(path, after)
  }
}

function parentStat(stat: Stat, creates: number, added: 1 | -1, pzxid: number): Stat {
  const numChildren = stat.numChildren + added
  return { ...stat, numChildren, pzxid, cversion: (creates * 2 - numChildren) | 0 }
}

function link(children: PersistentMap<Names>, path: string): PersistentMap<Names> {
  if (path === '/') return children
  const parent = parentOf(path)
  return children.with(parent, (children.get(parent) ?? NO_NAMES).with(nameOf(path), true))
}

function unlink(children: PersistentMap<Names>, path: string): PersistentMap<Names> {
  const parent = parentOf(path)
  const names = (children.get(parent) ?? NO_NAMES).without(nameOf(path))
  return names.size === 0 ? children.without(parent) : children.with(parent, names)
}
