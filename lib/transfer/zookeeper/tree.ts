/**
 * A tree of ZooKeeper: a snapshot, and the transactions after it. A snapshot is written while the tree changes, so some
 * of the transactions that follow are in it already; applied again they leave what is newer alone.
 * Source: DataTree.createNode, deleteNode, processTxn. Line: snapshot-decoder, log-decoder → here → finished-tree.
 */
import { WireError } from '../../model/errors.ts'
import { nameOf, parentOf } from '../../model/path.ts'
import { Znode } from '../../model/znode.ts'
import type { DriftView } from './digest-drift.ts'
import type { SnapshotRecord } from './snapshot-decoder.ts'
import { termAs, ZookeeperDigest } from './tree-digest.ts'
import { CONTAINER_OWNER, type Txn, type TxnCreate, type TxnOp } from './txn.ts'

const NO_PATHS: ReadonlySet<string> = new Set()

export class ZookeeperTree {
  readonly #nodes = new Map<string, Znode>()
  /** By owner, TTL znodes among them. */
  readonly #ephemerals = new Map<bigint, Set<string>>()
  /** Session → its timeout in ms. */
  readonly sessions = new Map<bigint, number>()
  /** What is read is either readable or an error. */
  readonly unreadable: ReadonlySet<string> = NO_PATHS
  /** Znodes that got an ACL while the snapshot was written: a transaction brings it. */
  readonly withoutAcl = new Set<string>()
  /** Of the snapshot’s name, then of the newest transaction. */
  zxid: number
  /** The newest one in the Stat of any znode of the snapshot. */
  snapshotZxidMax = 0
  /** There from the first time that it is wanted: it takes a second for a million znodes. */
  #digest: ZookeeperDigest | undefined

  constructor(zxid: number) {
    this.zxid = zxid
  }

  get(path: string): Znode | undefined {
    return this.#nodes.get(path)
  }
  entries(): IterableIterator<[string, Znode]> {
    return this.#nodes.entries()
  }
  get nodeCount(): number {
    return this.#nodes.size
  }
  ephemeralEntries(): IterableIterator<[bigint, ReadonlySet<string>]> {
    return this.#ephemerals.entries()
  }
  ephemeralsOf(owner: bigint): ReadonlySet<string> {
    return this.#ephemerals.get(owner) ?? NO_PATHS
  }

  /** As ZooKeeper computes it, 64 bits; owners must be as they were read. */
  get digest(): bigint {
    this.#digest ??= ZookeeperDigest.of(this.#nodes)
    return this.#digest.value
  }

  get driftView(): DriftView {
    const term: DriftView['term'] = (path, believed) => {
      const node = this.#nodes.get(path)
      return node && termAs(path, node, { owner: node.ephemeralOwner, ...believed })
    }
    return { term, root: this.#nodes.get('/') }
  }

  /** @throws {WireError} a znode whose parent did not come before it, or that comes twice */
  load(record: SnapshotRecord): void {
    if (record.kind === 'session') {
      this.sessions.set(record.id, record.timeoutMs)
      return
    }
    const { path, node } = record
    if (this.#nodes.has(path)) throw new WireError(`${path} is there twice`)
    if (path !== '/') {
      const parent = this.#nodes.get(parentOf(path))
      if (parent === undefined) throw new WireError(`the parent of ${path} is not there`)
      parent.addChild(nameOf(path))
    }
    this.#place(path, node)
    if (!record.hasAcl) this.withoutAcl.add(path)
    this.snapshotZxidMax = Math.max(this.snapshotZxidMax, node.czxid, node.mzxid, node.pzxid)
  }

  /** The next transaction. */
  apply(txn: Txn): void {
    for (const op of txn.ops) this.#applyOp(op, txn)
    this.zxid = txn.zxid
  }

  #applyOp(op: TxnOp, txn: Txn): void {
    switch (op.op) {
      case 'create':
        return this.#create(op, txn)
      case 'delete':
        return this.remove(op.path, txn.zxid)
      case 'setData': {
        const { data, version } = op
        return this.#change(op.path, (node) => {
          node.data = data
          node.version = version
          node.mzxid = txn.zxid
          node.mtime = txn.time
        })
      }
      case 'setACL':
        this.withoutAcl.delete(op.path)
        return this.#change(op.path, (node) => {
          node.acl = op.acl
          node.aversion = op.version
        })
      case 'createSession':
        this.sessions.set(txn.clientId, op.timeoutMs)
        return
      case 'closeSession':
        this.sessions.delete(txn.clientId)
        return this.endSession(txn.clientId, txn.zxid, op.paths)
    }
  }

  #create(op: TxnCreate, { zxid, time }: Txn): void {
    const { path, data, acl, ephemeralOwner, parentCVersion } = op
    const parentPath = parentOf(path)
    const parent = this.#nodes.get(parentPath)
    if (parent === undefined) return
    const creates = parentCVersion === -1 ? (parent.creates + 1) | 0 : parentCVersion
    if (creates > parent.creates) {
      this.#change(parentPath, () => {
        parent.creates = creates
        parent.pzxid = zxid
      })
    }
    const there = this.#nodes.get(path)
    if (there !== undefined) {
      // A later one, which the snapshot has: only its ACL may be missing there.
      there.acl = acl
      this.withoutAcl.delete(path)
      return
    }
    const node = new Znode({ data, acl, zxid, time, ephemeralOwner })
    parent.addChild(nameOf(path))
    this.#place(path, node)
    this.#digest?.add(path, node)
  }

  /** Deletes it, if it is there. Its parent’s pzxid says so in any case. */
  remove(path: string, zxid: number): void {
    const parentPath = parentOf(path)
    const parent = this.#nodes.get(parentPath)
    if (parent === undefined || path === '/') return
    parent.removeChild(nameOf(path))
    if (zxid > parent.pzxid) {
      this.#change(parentPath, () => {
        parent.pzxid = zxid
      })
    }
    // What is below it belongs to a later znode of this name, whose creates follow.
    this.#forgetAll(path)
  }

  /** Takes it and all that is below it out, as if it had never been there. */
  drop(path: string): void {
    this.#nodes.get(parentOf(path))?.removeChild(nameOf(path))
    this.#forgetAll(path)
  }

  #forgetAll(top: string): void {
    const waiting = [top]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const name of this.#nodes.get(at)?.children ?? []) waiting.push(`${at}/${name}`)
      this.#forget(at)
    }
  }

  #forget(path: string): void {
    const node = this.#nodes.get(path)
    if (node === undefined) return
    this.#digest?.remove(path, node)
    this.#nodes.delete(path)
    this.withoutAcl.delete(path)
    const paths = this.#ephemerals.get(node.ephemeralOwner)
    paths?.delete(path)
    if (paths?.size === 0) this.#ephemerals.delete(node.ephemeralOwner)
  }

  /** Deletes the ephemerals of a session: those that the transaction names, and any that it does not. */
  endSession(id: bigint, zxid: number, named: readonly string[] = []): void {
    for (const path of named) this.remove(path, zxid)
    for (const path of [...this.ephemeralsOf(id)]) this.remove(path, zxid)
  }

  #change(path: string, change: (node: Znode) => void): void {
    const node = this.#nodes.get(path)
    if (node === undefined) return
    this.#digest?.remove(path, node)
    change(node)
    this.#digest?.add(path, node)
  }

  #place(path: string, node: Znode): void {
    this.#nodes.set(path, node)
    const owner = node.ephemeralOwner
    if (owner === 0n || owner === CONTAINER_OWNER) return
    const paths = this.#ephemerals.get(owner)
    if (paths === undefined) this.#ephemerals.set(owner, new Set([path]))
    else paths.add(path)
  }
}
