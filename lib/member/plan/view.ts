/**
 * What planners see: the replica, plus what the batches in flight will have done, plus what this
 * batch has planned so far: a layer each. The changes of a request (or a multi) can be rolled back
 * whole, and so can a layer. Source of the idea: ZooKeeper's outstandingChanges.
 * Line: session queue → here → batch.
 */

import { LIMITS_DEFAULT } from '../../base/limits.ts'
import type { Op } from '../../format/ops.ts'
import type { SessionRecord } from '../../format/record.ts'
import { ACL_SCHEMES_DEFAULT, type AclSchemes } from '../../model/acl-schemes.ts'
import type { Acl } from '../../model/request.ts'
import { type Kind, type StatSource, Znode } from '../../model/znode.ts'
import type { DataTree } from '../tree/data-tree.ts'
import type { Replica } from '../tree/replica.ts'
import type { QuotaGuard, UsageChanges } from './quota-guard.ts'

/** A znode as planned. Mutable only through PlanView.edit. */
export interface PlannedZnode extends StatSource {
  czxid: number
  mzxid: number
  pzxid: number
  ctime: number
  mtime: number
  version: number
  creates: number
  aversion: number
  ephemeralOwner: bigint
  childCount: number
  acl: readonly Acl[]
  kind: Kind
  ttlMs: number
  dataLength: number
}

/** As it will be, whether the replica or an earlier batch says so. */
export type ViewedZnode = Readonly<Omit<PlannedZnode, 'dataLength'>>

/** What is planned on: a replica, or what is read like one. */
export interface PlanBase {
  readonly tree: Pick<DataTree, 'get' | 'ephemeralsOf' | 'unreadable' | 'quotas'>
  readonly sessions: Pick<Replica['sessions'], 'get'>
}

/** What one batch plans. */
class Layer {
  /** Where hard quotas are enforced: what requests planned here change of what is counted. */
  readonly usage: UsageChanges = new Map()
  /** A quota is declared here, or ended. */
  changesQuotas = false
  /** null: planned to be gone. */
  readonly nodes = new Map<string, PlannedZnode | null>()
  readonly sessions = new Map<bigint, SessionRecord | null>()
  /** Ephemerals created here, by owner; some of them may be gone again. */
  readonly ephemerals = new Map<bigint, string[]>()
}

type Undo = { readonly path: string; readonly before: PlannedZnode | null | undefined }
type UndoSession = { readonly id: bigint; readonly before: SessionRecord | null | undefined }

function bytesOf(node: PlannedZnode | null | undefined): number | undefined {
  return node?.dataLength
}

function copyOf(node: Znode): PlannedZnode {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    pzxid: node.pzxid,
    ctime: node.ctime,
    mtime: node.mtime,
    version: node.version,
    creates: node.creates,
    aversion: node.aversion,
    ephemeralOwner: node.ephemeralOwner,
    childCount: node.childCount,
    acl: node.acl,
    kind: node.kind,
    ttlMs: node.ttlMs,
    dataLength: node.data?.length ?? 0,
  }
}

export class PlanView {
  #replica: PlanBase
  /** Oldest first: the batches in flight, and last the one being planned. */
  #layers: Layer[] = []
  #top = new Layer()
  #undo: Undo[] = []
  #undoSessions: UndoSession[] = []
  /** Operations of the request being planned. */
  ops: Op[] = []
  /** zxid of the request being planned, and of the one before it. */
  zxid = 0
  base = 0
  /** Wall clock (ms) of the request being planned. */
  time = 0

  /** What was planned is only a part of the end of a session: the rest is planned next, for the same request. */
  isPartial = false
  /** The tree follows a ZooKeeper ensemble. */
  mirrors = false
  /** Entries may end a session without naming its ephemerals. */
  hasEndSession = true

  /** Schemes an ACL may name. */
  readonly aclSchemes: AclSchemes
  /** Of the paths that one entry names where a session ends, bytes. */
  readonly closeBytesMax: number
  /** Is there no memory for a larger tree? */
  readonly isMemoryShort: () => boolean
  /** The longest path whose records the store can keep, bytes. */
  readonly pathBytesMax: number
  /** undefined: hard quotas are not enforced. */
  readonly #quotaGuard: QuotaGuard | undefined

  constructor(
    replica: PlanBase,
    options: {
      readonly aclSchemes?: AclSchemes
      readonly pathBytesMax?: number
      readonly closeBytesMax?: number
      readonly isMemoryShort?: (() => boolean) | undefined
      readonly quotaGuard?: QuotaGuard | undefined
    } = {},
  ) {
    this.#replica = replica
    this.#quotaGuard = options.quotaGuard
    this.aclSchemes = options.aclSchemes ?? ACL_SCHEMES_DEFAULT
    this.closeBytesMax = options.closeBytesMax ?? LIMITS_DEFAULT.closeBytesMax
    this.isMemoryShort = options.isMemoryShort ?? (() => false)
    this.pathBytesMax = options.pathBytesMax ?? Number.POSITIVE_INFINITY
  }

  /** A character has at most three bytes: most paths need not be measured. */
  isTooLong(path: string): boolean {
    return path.length * 3 > this.pathBytesMax && Buffer.byteLength(path) > this.pathBytesMax
  }

  /** Its record could not be read: nobody knows who may change it. */
  isUnreadable(path: string): boolean {
    const { unreadable } = this.#replica.tree
    return unreadable.size > 0 && unreadable.has(path)
  }

  /** Batches that have a layer. */
  get depth(): number {
    return this.#layers.length
  }

  /** A new batch begins, behind those that have a layer. */
  push(): void {
    this.#top = new Layer()
    this.#layers.push(this.#top)
    this.#forgetUndo()
  }

  /** The oldest batch is applied: the replica has what its layer said. */
  applied(): void {
    this.#layers.shift()
  }

  /** The batch at `index` and all behind it will not be. */
  truncate(index: number): void {
    this.#layers.length = index
    this.#forgetUndo()
  }

  /** Nothing is planned any more, and the replica is this one. */
  reset(replica: PlanBase): void {
    this.#replica = replica
    this.truncate(0)
  }

  /** A new request begins; what was planned before stays. */
  begin(zxid: number, base: number, time: number): void {
    this.zxid = zxid
    this.base = base
    this.time = time
    this.ops = []
    this.isPartial = false
    this.#forgetUndo()
  }

  /** Takes back everything since begin(). */
  rollback(): void {
    const { nodes, sessions } = this.#top
    for (let i = this.#undo.length - 1; i >= 0; i--) {
      const { path, before } = this.#undo[i] as Undo
      if (before === undefined) nodes.delete(path)
      else nodes.set(path, before)
    }
    for (let i = this.#undoSessions.length - 1; i >= 0; i--) {
      const { id, before } = this.#undoSessions[i] as UndoSession
      if (before === undefined) sessions.delete(id)
      else sessions.set(id, before)
    }
    this.ops = []
    this.#forgetUndo()
  }

  /** An errno where a hard quota does not allow that many znodes and bytes more, else 0. */
  checkQuota(path: string, count: number, bytes: number): number {
    if (this.#quotaGuard === undefined) return 0
    const { quotas } = this.#replica.tree
    return this.#quotaGuard.judge(quotas, this.#usageChanges(), path, { count, bytes })
  }

  *#usageChanges(): Generator<UsageChanges> {
    for (const { usage } of this.#layers) yield usage
  }

  /** The request stays planned: quotas count it for those behind it. */
  settle(): void {
    const guard = this.#quotaGuard
    if (guard === undefined) return
    const { nodes, usage } = this.#top
    const { quotas } = this.#replica.tree
    const seen = new Set<string>()
    for (const { path, before } of this.#undo) {
      if (seen.has(path)) continue
      seen.add(path)
      const then = before === undefined ? this.#below(path) : bytesOf(before)
      const now = bytesOf(nodes.get(path))
      if (guard.declares(path)) this.#top.changesQuotas = true
      const count = (now === undefined ? 0 : 1) - (then === undefined ? 0 : 1)
      guard.note(quotas, usage, path, { count, bytes: (now ?? 0) - (then ?? 0) })
    }
  }

  /** Bytes of a znode's data before the batch that is being planned; undefined: it is not there. */
  #below(path: string): number | undefined {
    for (let i = this.#layers.length - 2; i >= 0; i--) {
      const planned = (this.#layers[i] as Layer).nodes.get(path)
      if (planned !== undefined) return bytesOf(planned)
    }
    const node = this.#replica.tree.get(path)
    return node === undefined ? undefined : (node.data?.length ?? 0)
  }

  /** Which quotas there are is known only when what is planned is applied. */
  get changesQuotas(): boolean {
    return this.#quotaGuard !== undefined && this.#layers.some((layer) => layer.changesQuotas)
  }

  #forgetUndo(): void {
    if (this.#undo.length > 0) this.#undo = []
    if (this.#undoSessions.length > 0) this.#undoSessions = []
  }

  /** As planned, in the newest layer that says anything; undefined: none does. */
  #planned(path: string): PlannedZnode | null | undefined {
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const planned = (this.#layers[i] as Layer).nodes.get(path)
      if (planned !== undefined) return planned
    }
    return undefined
  }

  /** The znode as it will be, or undefined. Not to be changed: see edit(). */
  get(path: string): ViewedZnode | undefined {
    const planned = this.#planned(path)
    return planned === undefined ? this.#replica.tree.get(path) : (planned ?? undefined)
  }

  /** Of the data, bytes. */
  dataLength(node: ViewedZnode): number {
    return node instanceof Znode ? (node.data?.length ?? 0) : (node as PlannedZnode).dataLength
  }

  /**
   * As {@link get}, with what only a planned znode knows; undefined: nothing plans to change it.
   */
  planned(path: string): Readonly<PlannedZnode> | undefined {
    return this.#planned(path) ?? undefined
  }

  /**
   * A copy of the znode, as {@link get} gave it, that may be changed and is what later requests
   * see.
   */
  edit(path: string, node: ViewedZnode): PlannedZnode {
    const copy = node instanceof Znode ? copyOf(node) : { ...(node as PlannedZnode) }
    this.#set(path, copy)
    return copy
  }

  /** A znode that the request creates. */
  put(path: string, node: PlannedZnode): void {
    this.#set(path, node)
    if (node.ephemeralOwner === 0n) return
    const { ephemerals } = this.#top
    const paths = ephemerals.get(node.ephemeralOwner)
    if (paths === undefined) ephemerals.set(node.ephemeralOwner, [path])
    else paths.push(path)
  }

  remove(path: string): void {
    this.#set(path, null)
  }

  #set(path: string, node: PlannedZnode | null): void {
    const { nodes } = this.#top
    this.#undo.push({ path, before: nodes.get(path) })
    nodes.set(path, node)
  }

  session(id: bigint): SessionRecord | undefined {
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const planned = (this.#layers[i] as Layer).sessions.get(id)
      if (planned !== undefined) return planned ?? undefined
    }
    return this.#replica.sessions.get(id)
  }

  putSession(id: bigint, session: SessionRecord | null): void {
    const { sessions } = this.#top
    this.#undoSessions.push({ id, before: sessions.get(id) })
    sessions.set(id, session)
  }

  /**
   * Everything the session will own: what is there and what is planned, less what is planned to go.
   */
  ephemeralsOf(session: bigint): Set<string> {
    const paths = new Set<string>(this.#replica.tree.ephemeralsOf(session))
    for (const { ephemerals } of this.#layers) {
      for (const path of ephemerals.get(session) ?? []) paths.add(path)
    }
    for (const path of paths) {
      if (this.get(path)?.ephemeralOwner !== session) paths.delete(path)
    }
    return paths
  }
}
