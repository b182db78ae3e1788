/** One znode as the replica holds it, and its exported Stat. Neighbours: tree/data-tree, record. */

import { OPEN_ACL } from './acl.ts'
import type { ByteString } from './byte-string.ts'
import type { Acl, Stat } from './request.ts'

/** Ephemerals are recognized by `ephemeralOwner`; containers and TTL znodes by kind. */
export const KIND = { plain: 0, container: 1, ttl: 2 } as const
export type Kind = (typeof KIND)[keyof typeof KIND]

const NO_CHILDREN: ReadonlySet<string> = new Set()
const NO_NAMES: readonly string[] = []

class Children extends Set<string> {
  /** As it was read last; gone with the next change. */
  list: readonly string[] | undefined
}

/** Mutable on purpose: there are a million of them, and every write touches one. */
export class Znode {
  data: ByteString | null
  acl: readonly Acl[]
  czxid: number
  mzxid: number
  /** zxid of the newest create or delete of a child. */
  pzxid: number
  ctime: number
  mtime: number
  version = 0
  /** Creates ever made below: the sequence counter too. Not the exported cversion. */
  creates = 0
  aversion = 0
  ephemeralOwner: bigint
  kind: Kind
  ttlMs: number
  /** Its place in the order in which the tree got its znodes: see DataTree. */
  serial = 0
  /** The znode above, in the same tree; undefined: the root, or not in a tree (any more). */
  parent: Znode | undefined
  /** Znodes below, at any depth, and the bytes of their data and this one's: see DataTree. */
  descendants = 0
  subtreeBytes: number
  #children: Children | undefined

  constructor(init: {
    data: ByteString | null
    acl: readonly Acl[]
    zxid: number
    time: number
    ephemeralOwner?: bigint
    kind?: Kind
    ttlMs?: number
  }) {
    this.data = init.data
    this.acl = init.acl
    this.czxid = init.zxid
    this.mzxid = init.zxid
    this.pzxid = init.zxid
    this.ctime = init.time
    this.mtime = init.time
    this.ephemeralOwner = init.ephemeralOwner ?? 0n
    this.kind = init.kind ?? KIND.plain
    this.ttlMs = init.ttlMs ?? 0
    this.parent = undefined
    this.subtreeBytes = init.data?.length ?? 0
  }

  get children(): ReadonlySet<string> {
    return this.#children ?? NO_CHILDREN
  }
  /** The same array for as long as no child comes or goes. */
  get childList(): readonly string[] {
    const children = this.#children
    if (children === undefined) return NO_NAMES
    children.list ??= [...children]
    return children.list
  }
  get childCount(): number {
    return this.#children === undefined ? 0 : this.#children.size
  }
  /** Is there anything in its child record that a znode without one has not? */
  get hasChildRecord(): boolean {
    return this.creates !== 0 || this.pzxid !== this.czxid
  }
  addChild(name: string): void {
    if (this.#children === undefined) this.#children = new Children()
    this.#children.list = undefined
    this.#children.add(name)
  }
  removeChild(name: string): void {
    const children = this.#children
    if (children === undefined) return
    children.list = undefined
    children.delete(name)
    if (children.size === 0) this.#children = undefined
  }

  static reserved(acl: readonly Acl[] = OPEN_ACL, data: ByteString | null = '') {
    return new Znode({ data, acl, zxid: 0, time: 0 })
  }
}

/** What statOf needs: a Znode, or a planner's view of one. */
export interface StatSource {
  readonly czxid: number
  readonly mzxid: number
  readonly pzxid: number
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  readonly creates: number
  readonly aversion: number
  readonly ephemeralOwner: bigint
  readonly childCount: number
}

/**
 * The Stat a client sees. cversion is exported as 2 × creates − children, in int32 arithmetic.
 * Source: DataNode.copyStat.
 */
export function statOf(node: StatSource, dataLength: number): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    cversion: (node.creates * 2 - node.childCount) | 0,
    aversion: node.aversion,
    ephemeralOwner: node.ephemeralOwner,
    dataLength,
    numChildren: node.childCount,
    pzxid: node.pzxid,
  }
}
