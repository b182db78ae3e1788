/**
 * The tree of znodes in memory: applies transactions, knows which session owns which ephemeral, and
 * notifies an observer of each change, in ZooKeeper's order (V2). Reads and planners look things up
 * here.
 * Source: ZooKeeper's DataTree.
 */

import type { Digest } from '../../format/digest.ts'
import type { TreeOp } from '../../format/ops.ts'
import type { ChildRecord } from '../../format/record.ts'
import { READ_ACL } from '../../model/acl.ts'
import { nameOf, parentOf, RESERVED } from '../../model/path.ts'
import type { Acl } from '../../model/request.ts'
import { KIND, Znode } from '../../model/znode.ts'
import { QuotaTable } from './quota.ts'
import { TreeDigest } from './tree-digest.ts'

/**
 * Notified of every change while it is applied. The ACLs decide which watchers may learn of it
 * (V10).
 */
export interface TreeObserver {
  nodeCreated(path: string, acl: readonly Acl[], parent: string, parentAcl: readonly Acl[]): void
  nodeDeleted(path: string, acl: readonly Acl[], parent: string, parentAcl: readonly Acl[]): void
  nodeDataChanged(path: string, acl: readonly Acl[]): void
  nodeChildrenChanged(path: string, acl: readonly Acl[]): void
}

/** Walks up, level by level, and hashes no path for it. */
function countBelow(parent: Znode, znodes: number, bytes: number): void {
  for (let at: Znode | undefined = parent; at !== undefined; at = at.parent) {
    at.descendants += znodes
    at.subtreeBytes += bytes
  }
}

function countBytes(node: Znode, bytes: number): void {
  for (let at: Znode | undefined = node; at !== undefined; at = at.parent) at.subtreeBytes += bytes
}

/** Of a znode that cannot be read: nobody may do anything. */
const NOBODY: readonly Acl[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }]
const NO_PATHS: ReadonlySet<string> = new Set()

export class DataTree {
  readonly #nodes = new Map<string, Znode>()
  readonly #ephemerals = new Map<bigint, Set<string>>()
  /** Containers and TTL znodes, and when each was created or changed: what the reaper looks through. */
  readonly reapable = new Map<string, number>()
  /** Monotonic, ms: when the changes that are applied now came. */
  monotonic: () => number = () => 0
  readonly quotas: QuotaTable
  /**
   * Znodes of which the store has no readable record. What they were is not known: they have their place and their
   * children, nobody reads or changes them, and their records are left as they are.
   */
  readonly unreadable = new Set<string>()
  observer: TreeObserver | undefined
  /** Called before a change of what is stored of a znode, its removal included; not where it is created. */
  onChanging: ((path: string, node: Znode) => void) | undefined
  /** Called for every stored record that a change makes stale. `isNew`: there was none so far. */
  onDirty: ((kind: 'n' | 'c', path: string, isNew?: boolean) => void) | undefined
  #dataBytes = 0
  #ephemeralCount = 0
  #serial = 0
  /** Of the whole tree; undefined while it is loaded. */
  #digest: TreeDigest | undefined = new TreeDigest()

  /** A fresh ZooKeeper's tree (S7). */
  constructor() {
    this.quotas = new QuotaTable(this)
    const root = Znode.reserved()
    const zookeeper = Znode.reserved()
    root.addChild('zookeeper')
    zookeeper.addChild('quota')
    zookeeper.addChild('config')
    const config = Znode.reserved(READ_ACL)
    config.aversion = -1
    const quota = Znode.reserved()
    zookeeper.parent = root
    quota.parent = zookeeper
    config.parent = zookeeper
    this.#place(RESERVED.root, root)
    this.#place(RESERVED.zookeeper, zookeeper)
    this.#place(RESERVED.quota, quota)
    this.#place(RESERVED.config, config)
    this.endLoad()
  }

  get(path: string): Znode | undefined {
    return this.#nodes.get(path)
  }
  has(path: string): boolean {
    return this.#nodes.has(path)
  }
  get nodeCount(): number {
    return this.#nodes.size
  }
  /** Paths and data, bytes. Source: DataTree.approximateDataSize. */
  get dataBytes(): number {
    return this.#dataBytes
  }
  /** What every replica that applied the same batches has too. 0n while the tree is loaded. */
  get digest(): Digest {
    return this.#digest?.value ?? 0n
  }
  paths(): IterableIterator<string> {
    return this.#nodes.keys()
  }
  entries(): IterableIterator<[string, Znode]> {
    return this.#nodes.entries()
  }
  ephemeralsOf(session: bigint): ReadonlySet<string> {
    return this.#ephemerals.get(session) ?? NO_PATHS
  }
  /** Sessions that own any. */
  get ephemeralOwnerCount(): number {
    return this.#ephemerals.size
  }
  get ephemeralCount(): number {
    return this.#ephemeralCount
  }
  ephemeralEntries(): IterableIterator<[bigint, ReadonlySet<string>]> {
    return this.#ephemerals.entries()
  }

  apply(op: TreeOp, zxid: number, time: number): void {
    switch (op.type) {
      case 'create':
        return this.#create(op, zxid, time)
      case 'delete':
        return this.remove(op.path, zxid)
      case 'setData':
        return this.#setData(op, zxid, time)
      case 'setACL': {
        const node = this.#nodes.get(op.path)
        if (node === undefined || this.unreadable.has(op.path)) return
        this.onChanging?.(op.path, node)
        this.#digest?.changing(op.path, node)
        node.acl = op.acl
        node.aversion = op.aversion
        this.#touch('n', op.path)
      }
    }
  }

  /** Of what cannot be read, what is stored stays. */
  #touch(kind: 'n' | 'c', path: string, isNew = false): void {
    if (!this.unreadable.has(path)) this.onDirty?.(kind, path, isNew)
  }

  #create(op: TreeOp & { type: 'create' }, zxid: number, time: number): void {
    const { path } = op
    const node = new Znode({
      data: op.data,
      acl: op.acl,
      zxid,
      time,
      ephemeralOwner: op.ephemeralOwner,
      kind: op.kind,
      ttlMs: op.ttlMs,
    })
    // A replay may meet what a later flush already wrote or removed: the newest op wins in the end.
    const stale = this.#nodes.get(path)
    if (stale !== undefined) this.#forget(path, stale)
    this.unreadable.delete(path)
    const parentPath = parentOf(path)
    const parent = this.#nodes.get(parentPath)
    if (parent !== undefined) this.onChanging?.(parentPath, parent)
    this.#remember(path, node, parent)
    if (parent !== undefined) {
      parent.addChild(nameOf(path))
      const hadRecord = parent.hasChildRecord
      if (op.parentCreates > parent.creates) {
        this.#digest?.changing(parentPath, parent)
        parent.creates = op.parentCreates
        parent.pzxid = zxid
      }
      this.#touch('c', parentPath, !hadRecord)
    }
    this.#touch('n', path, stale === undefined)
    this.quotas.created(path, node)
    this.observer?.nodeCreated(path, node.acl, parentPath, parent?.acl ?? node.acl)
  }

  #setData(op: TreeOp & { type: 'setData' }, zxid: number, time: number): void {
    const node = this.#nodes.get(op.path)
    if (node === undefined || this.unreadable.has(op.path)) return
    this.onChanging?.(op.path, node)
    const before = node.data?.length ?? 0
    const after = op.data?.length ?? 0
    this.#dataBytes += after - before
    if (after !== before && this.#digest !== undefined) countBytes(node, after - before)
    this.#digest?.changing(op.path, node)
    node.data = op.data
    node.version = op.version
    node.mzxid = zxid
    node.mtime = time
    if (node.kind !== KIND.plain) this.reapable.set(op.path, this.monotonic())
    this.#touch('n', op.path)
    this.quotas.resized(op.path, after - before)
    this.quotas.written(op.path)
    this.observer?.nodeDataChanged(op.path, node.acl)
  }

  /** Deletes one znode, if it is there; bumps the parent's pzxid (S4). */
  remove(path: string, zxid: number): void {
    const node = this.#nodes.get(path)
    const parentPath = parentOf(path)
    const parent = this.#nodes.get(parentPath)
    this.unreadable.delete(path)
    if (parent !== undefined) {
      this.onChanging?.(parentPath, parent)
      parent.removeChild(nameOf(path))
      if (zxid > parent.pzxid) {
        this.#digest?.changing(parentPath, parent)
        parent.pzxid = zxid
      }
      this.#touch('c', parentPath)
    }
    // Also where a replay finds the znode gone already: its child record may still be there.
    this.#touch('n', path)
    this.#touch('c', path, node !== undefined && !node.hasChildRecord)
    if (node === undefined) return
    this.#forget(path, node)
    this.quotas.deleted(path, node)
    this.observer?.nodeDeleted(path, node.acl, parentPath, parent?.acl ?? node.acl)
  }

  /** entries() is in the order of the serials. */
  #place(path: string, node: Znode): void {
    node.serial = ++this.#serial
    this.#nodes.set(path, node)
  }

  #remember(path: string, node: Znode, parent: Znode | undefined): void {
    this.#place(path, node)
    if (parent !== undefined) {
      node.parent = parent
      if (this.#digest !== undefined) countBelow(parent, 1, node.subtreeBytes)
    }
    this.#digest?.add(path, node)
    this.#dataBytes += path.length + (node.data?.length ?? 0)
    if (node.ephemeralOwner !== 0n) {
      const paths = this.#ephemerals.get(node.ephemeralOwner)
      if (paths === undefined) this.#ephemerals.set(node.ephemeralOwner, new Set([path]))
      else paths.add(path)
      this.#ephemeralCount++
    }
    if (node.kind !== KIND.plain) this.reapable.set(path, this.monotonic())
  }

  #forget(path: string, node: Znode): void {
    this.onChanging?.(path, node)
    this.#nodes.delete(path)
    if (node.parent !== undefined && this.#digest !== undefined) {
      countBelow(node.parent, -1 - node.descendants, -node.subtreeBytes)
    }
    node.parent = undefined
    this.#digest?.remove(path, node)
    this.#dataBytes -= path.length + (node.data?.length ?? 0)
    if (node.ephemeralOwner !== 0n) {
      const paths = this.#ephemerals.get(node.ephemeralOwner)
      if (paths?.delete(path) === true) this.#ephemeralCount--
      if (paths?.size === 0) this.#ephemerals.delete(node.ephemeralOwner)
    }
    if (node.kind !== KIND.plain) this.reapable.delete(path)
  }

  // Loading: records arrive depth by depth, child records after all znodes.

  /** From here to endLoad() the digest is not kept up: it is computed once, at the end. */
  beginLoad(): void {
    this.#digest = undefined
  }

  endLoad(): void {
    const digest = new TreeDigest()
    for (const [path, node] of this.#nodes) digest.add(path, node)
    this.#digest = digest
    this.#countAll()
  }

  /** What the changes during a load left uncounted. */
  #countAll(): void {
    // What lies below has a longer path: the longest are counted first.
    const byLength: Znode[][] = []
    for (const [path, node] of this.#nodes) {
      node.descendants = 0
      node.subtreeBytes = node.data?.length ?? 0
      const same = byLength[path.length]
      if (same === undefined) byLength[path.length] = [node]
      else same.push(node)
    }
    for (let length = byLength.length - 1; length >= 0; length--) {
      for (const { parent, descendants, subtreeBytes } of byLength[length] ?? []) {
        if (parent === undefined) continue
        parent.descendants += 1 + descendants
        parent.subtreeBytes += subtreeBytes
      }
    }
  }

  /** Puts a stored znode in its place. Its parent must be loaded already, or it stays detached. */
  loadZnode(path: string, node: Znode): void {
    const reserved = this.#nodes.get(path)
    if (reserved !== undefined) {
      for (const name of reserved.children) {
        node.addChild(name)
        const child = this.#nodes.get(path === '/' ? `/${name}` : `${path}/${name}`)
        if (child !== undefined) child.parent = node
      }
      this.#forget(path, reserved)
    }
    const parent = path === '/' ? undefined : this.#nodes.get(parentOf(path))
    this.#remember(path, node, parent)
    parent?.addChild(nameOf(path))
  }

  /** A znode that is there, but cannot be read. Its record may be read already; its parent is, as above. */
  loadUnreadable(path: string): void {
    if (!this.#nodes.has(path)) this.loadZnode(path, Znode.reserved(NOBODY, null))
    this.unreadable.add(path)
  }

  /**
   * Znodes whose parent is not there get one that cannot be read. Not while the load lasts: the journal may bring
   * parents, or take the children away. @returns the paths of such parents, each before those above it
   */
  adoptOrphans(): string[] {
    const missing: string[] = []
    for (const [path, node] of this.#nodes) {
      if (node.parent !== undefined || path === '/') continue
      let below = path
      let child = node
      // Iterates: a path may have thousands of components.
      for (let at = parentOf(path); ; at = parentOf(at)) {
        const known = this.#nodes.get(at)
        const parent = known ?? Znode.reserved(NOBODY, null)
        parent.addChild(nameOf(below))
        child.parent = parent
        if (known !== undefined) break
        this.#place(at, parent)
        this.#dataBytes += at.length
        this.unreadable.add(at)
        missing.push(at)
        below = at
        child = parent
      }
    }
    return missing
  }

  loadChildRecord(path: string, record: ChildRecord): void {
    const node = this.#nodes.get(path)
    if (node === undefined) return
    // One from before the znode was made is of an earlier znode of that name, unless it says otherwise.
    const { pzxid, czxid } = record
    if (czxid === undefined ? pzxid < node.czxid : czxid !== node.czxid) return
    if (this.unreadable.has(path)) return
    node.creates = record.creates
    node.pzxid = record.pzxid
  }

  /**
   * Parents whose child record is missing or behind (data written by hand): sequence numbers start
   * after the highest numeric suffix, and no lower than the number of children.
   * @returns their paths
   */
  completeChildRecords(): string[] {
    const completed: string[] = []
    for (const [path, node] of this.#nodes) {
      if (node.childCount === 0 || node.creates >= node.childCount) continue
      if (this.unreadable.has(path)) continue
      if (path === RESERVED.root || path === RESERVED.zookeeper) {
        const builtIn = path === RESERVED.root ? 1 : 2
        if (node.creates >= node.childCount - builtIn) continue
      }
      let next = node.childCount
      for (const name of node.children) {
        const suffix = /\d{10}$/.exec(name)?.[0]
        if (suffix !== undefined) next = Math.max(next, Number(suffix) + 1)
      }
      node.creates = Math.min(next, 0x7fffffff)
      completed.push(path)
    }
    return completed
  }
}
