/**
 * What planners see: the replica plus everything this batch has planned so far. A request's (or a
 * multi's) changes can be taken back whole. Source of the idea: ZooKeeper's outstandingChanges.
 * Line: session queue → here → batch.
 */
import type { Acl } from '../request.ts'
import type { Op } from '../tree/ops.ts'
import type { Replica } from '../tree/replica.ts'
import { ACL_SCHEMES_DEFAULT } from '../znode/acl.ts'
import type { SessionRecord } from '../znode/record.ts'
import { KIND, type Kind, type StatSource, type Znode } from '../znode/znode.ts'

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

type Undo = { readonly path: string; readonly before: PlannedZnode | null | undefined }
type UndoSession = { readonly id: bigint; readonly before: SessionRecord | null | undefined }

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
  readonly #replica: Replica
  /** null: planned to be gone. */
  readonly #nodes = new Map<string, PlannedZnode | null>()
  readonly #sessions = new Map<bigint, SessionRecord | null>()
  #undo: Undo[] = []
  #undoSessions: UndoSession[] = []
  /** Operations of the request being planned. */
  ops: Op[] = []
  /** zxid and wall clock (ms) of the request being planned. */
  zxid = 0
  time = 0

  /** Schemes an ACL may name. */
  readonly aclSchemes: ReadonlySet<string>

  constructor(replica: Replica, aclSchemes: ReadonlySet<string> = ACL_SCHEMES_DEFAULT) {
    this.#replica = replica
    this.aclSchemes = aclSchemes
  }

  /** A new request begins; what was planned before stays. */
  begin(zxid: number, time: number): void {
    this.zxid = zxid
    this.time = time
    this.ops = []
    this.#undo = []
    this.#undoSessions = []
  }

  /** Takes back everything since begin(). */
  rollback(): void {
    for (let i = this.#undo.length - 1; i >= 0; i--) {
      const { path, before } = this.#undo[i] as Undo
      if (before === undefined) this.#nodes.delete(path)
      else this.#nodes.set(path, before)
    }
    for (let i = this.#undoSessions.length - 1; i >= 0; i--) {
      const { id, before } = this.#undoSessions[i] as UndoSession
      if (before === undefined) this.#sessions.delete(id)
      else this.#sessions.set(id, before)
    }
    this.ops = []
    this.#undo = []
    this.#undoSessions = []
  }

  /** The znode as it will be, or undefined. Not to be changed: see edit(). */
  get(path: string): Readonly<Omit<PlannedZnode, 'dataLength'>> | undefined {
    const planned = this.#nodes.get(path)
    return planned === undefined ? this.#replica.tree.get(path) : (planned ?? undefined)
  }

  /** A copy of the znode that may be changed and is what later requests see. It must exist. */
  edit(path: string): PlannedZnode {
    const before = this.#nodes.get(path)
    this.#undo.push({ path, before })
    const copy =
      before === undefined || before === null
        ? copyOf(this.#replica.tree.get(path) as Znode)
        : { ...before }
    this.#nodes.set(path, copy)
    return copy
  }

  put(path: string, node: PlannedZnode): void {
    this.#undo.push({ path, before: this.#nodes.get(path) })
    this.#nodes.set(path, node)
  }

  remove(path: string): void {
    this.#undo.push({ path, before: this.#nodes.get(path) })
    this.#nodes.set(path, null)
  }

  session(id: bigint): SessionRecord | undefined {
    const planned = this.#sessions.get(id)
    if (planned !== undefined) return planned ?? undefined
    return this.#replica.sessions.get(id)
  }

  putSession(id: bigint, session: SessionRecord | null): void {
    this.#undoSessions.push({ id, before: this.#sessions.get(id) })
    this.#sessions.set(id, session)
  }

  /** Everything the session will own: what is there and what this batch adds or takes. */
  ephemeralsOf(session: bigint): Set<string> {
    const paths = new Set<string>(this.#replica.tree.ephemeralsOf(session))
    for (const [path, node] of this.#nodes) {
      if (node?.ephemeralOwner === session && node.kind === KIND.plain) paths.add(path)
      else paths.delete(path)
    }
    return paths
  }
}
