/** Journal operations as the change feed says them, without what the reader did not ask for. Neighbour: change-reader. */
import type { Op, SessionOp, TreeOp, TxnEntry } from '../../format/ops.ts'
import { type ByteString, fromByteString } from '../../model/byte-string.ts'
import type { ChangeKind, ChangeOp, SnapshotZnode } from '../../model/change.ts'
import { type Kind, statOf, type Znode } from '../../model/znode.ts'

/** What a reader wants. */
export interface Wanted {
  /** undefined: the whole tree. */
  readonly prefix: string | undefined
  readonly withData: boolean
  readonly withSessions: boolean
}

const KINDS: readonly ChangeKind[] = ['plain', 'container', 'ttl']
const kindOf = (kind: Kind): ChangeKind => KINDS[kind] as ChangeKind

/** Is it the prefix itself, or below it? */
export function isBelow(path: string, prefix: string | undefined): boolean {
  if (prefix === undefined) return true
  if (!path.startsWith(prefix)) return false
  return path.length === prefix.length || path.charCodeAt(prefix.length) === 47
}

/** Empty: nothing that is wanted. */
export function changeOps({ ops }: TxnEntry, wanted: Wanted): ChangeOp[] {
  const out: ChangeOp[] = []
  for (const op of ops) addOp(out, op, wanted)
  return out
}

function addOp(out: ChangeOp[], op: Op, wanted: Wanted): void {
  switch (op.type) {
    case 'newEpoch':
      return
    case 'createSession':
    case 'moveSession':
    case 'closeSession':
    case 'endSession':
      return addSessionOp(out, op, wanted)
    default:
      if (isBelow(op.path, wanted.prefix)) out.push(treeOp(op, wanted.withData))
  }
}

function treeOp(op: TreeOp, withData: boolean): ChangeOp {
  const { path } = op
  switch (op.type) {
    case 'create': {
      const { acl, ephemeralOwner, ttlMs, parentCreates } = op
      const kind = kindOf(op.kind)
      const rest = { acl, ephemeralOwner, kind, ttlMs, parentCreates }
      return { op: 'create', path, ...dataOf(op.data, withData), ...rest }
    }
    case 'delete':
      return { op: 'delete', path }
    case 'setData':
      return { op: 'setData', path, ...dataOf(op.data, withData), version: op.version }
    case 'setACL':
      return { op: 'setACL', path, acl: op.acl, aversion: op.aversion }
  }
}

function addSessionOp(out: ChangeOp[], op: SessionOp, { prefix, withSessions }: Wanted): void {
  const { id } = op
  if (withSessions) {
    if (op.type === 'createSession') {
      out.push({ op: 'createSession', id, timeoutMs: op.timeoutMs, owner: op.owner })
    } else if (op.type === 'moveSession') out.push({ op: 'moveSession', id, owner: op.owner })
    else out.push({ op: 'closeSession', id })
  }
  if (op.type !== 'closeSession') return
  for (const path of op.paths) if (isBelow(path, prefix)) out.push({ op: 'delete', path })
}

/** Copies. */
export function snapshotZnode(path: string, node: Znode, withData: boolean): SnapshotZnode {
  return {
    path,
    ...(withData && { data: bytesOf(node.data) }),
    acl: node.acl,
    stat: statOf(node, node.data?.length ?? 0),
    kind: kindOf(node.kind),
    ttlMs: node.ttlMs,
    creates: node.creates,
  }
}

function dataOf(data: ByteString | null, withData: boolean) {
  const dataLength = data?.length ?? 0
  return withData ? { data: bytesOf(data), dataLength } : { dataLength }
}

function bytesOf(data: ByteString | null): Uint8Array | null {
  return data === null ? null : fromByteString(data)
}
