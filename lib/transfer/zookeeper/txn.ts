/**
 * A transaction as ZooKeeper logs it, and as its leader sends it to followers and observers:
 *   TxnHeader = long clientId, int cxid, long zxid, long time, int type
 *   the record of that type
 *   TxnDigest = int version, long treeDigest (3.6 and later; not after every one)
 * Source: zookeeper.jute, SerializeUtils.deserializeTxn. Neighbours: log-decoder, tree.
 */
import { OPEN_ACL } from '../../model/acl.ts'
import type { ByteString } from '../../model/byte-string.ts'
import { WireError } from '../../model/errors.ts'
import type { Acl } from '../../model/request.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { readAcls, readPath, readTime, readZxid } from './fields.ts'

/** Source: ZooDefs.OpCode. */
export const TXN = {
  create: 1,
  delete: 2,
  setData: 5,
  setACL: 7,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  createSession: -10,
  closeSession: -11,
  error: -1,
} as const

/** How `ephemeralOwner` says that a znode is a container. Source: EphemeralType. */
export const CONTAINER_OWNER = -(2n ** 63n)
/** What it is of a znode with a TTL of 0; the ms are added. */
export const TTL_OWNER = -(2n ** 56n)
/** A TTL has 40 bits. */
const TTL_MAX = 2n ** 40n

export interface TxnCreate {
  readonly op: 'create'
  readonly path: string
  readonly data: ByteString | null
  readonly acl: readonly Acl[]
  /** As the znode has it; the header’s session of an ephemeral. */
  readonly ephemeralOwner: bigint
  /** The parent’s cversion as it is stored; −1: one more than it was. */
  readonly parentCVersion: number
}

export type TxnOp =
  | TxnCreate
  | { readonly op: 'delete'; readonly path: string }
  | {
      readonly op: 'setData'
      readonly path: string
      readonly data: ByteString | null
      readonly version: number
    }
  | {
      readonly op: 'setACL'
      readonly path: string
      readonly acl: readonly Acl[]
      readonly version: number
    }
  | { readonly op: 'check'; readonly path: string; readonly version: number }
  | { readonly op: 'createSession'; readonly timeoutMs: number }
  /** `paths`: the ephemerals of the session; undefined: not said (3.5 and before). */
  | { readonly op: 'closeSession'; readonly paths: readonly string[] | undefined }
  | { readonly op: 'error'; readonly err: number }

/**
 * Unit ms, at least 1. createSession that a client made by hand sends as a request is carried out with the timeout that it names, which
 * no server checks: below 1 such a session ends with the next look of the leader.
 */
export function readSessionTimeout(reader: JuteReader): number {
  return Math.max(1, reader.int())
}

export interface TxnHeader {
  readonly clientId: bigint
  readonly cxid: number
  readonly zxid: number
  readonly time: number
  readonly type: number
}

export interface TxnDigest {
  /** How it is computed: 2 in all releases so far. */
  readonly version: number
  /** Of the tree once the transaction is applied, 64 bits, unsigned. */
  readonly value: bigint
}

export interface Txn extends TxnHeader {
  /** What it changes; of a multi that failed, nothing. */
  readonly ops: readonly TxnOp[]
  readonly digest: TxnDigest | undefined
}

const DIGEST_BYTES = 12
/** The only one that is known: see tree-digest. */
export const DIGEST_VERSION = 2
const PARENT_CVERSION_BYTES = 4

/** @throws {WireError} the bytes are not exactly one transaction */
export function decodeTxn(bytes: Buffer): Txn {
  const reader = JuteReader.of(bytes)
  const header = readHeader(reader)
  const ops = readOps(bytes, reader, header)
  const digest = readDigest(reader)
  if (reader.left > 0) throw new WireError(`${reader.left} bytes follow the transaction`)
  return { ...header, ops, digest }
}

function readOps(bytes: Buffer, reader: JuteReader, header: TxnHeader): readonly TxnOp[] {
  const { type } = header
  if (type === TXN.multi) return readMulti(reader, header)
  if (type !== TXN.closeSession) return [readOp(reader, type, header)]
  // Before 3.6, or where that is switched off, it has no record. As a count of paths, the version of a digest would be
  // followed by two strings without a character.
  const at = bytes.length - reader.left
  const hasDigestAlone = reader.left === DIGEST_BYTES && bytes.readInt32BE(at) === DIGEST_VERSION
  const hasPaths = reader.left > 0 && !hasDigestAlone
  return [{ op: 'closeSession', paths: hasPaths ? readClosed(reader) : undefined }]
}

function readHeader(reader: JuteReader): TxnHeader {
  return {
    clientId: reader.bigLong(),
    cxid: reader.int(),
    zxid: readZxid(reader),
    time: readTime(reader),
    type: reader.int(),
  }
}

function readDigest(reader: JuteReader): TxnDigest | undefined {
  if (reader.left === 0) return undefined
  return { version: reader.int(), value: BigInt.asUintN(64, reader.bigLong()) }
}

function readOp(reader: JuteReader, type: number, { clientId }: TxnHeader): TxnOp {
  switch (type) {
    case TXN.create:
    case TXN.create2:
      return readCreate(reader, clientId)
    case TXN.createContainer:
      return {
        ...readCreateStart(reader),
        ...{ ephemeralOwner: CONTAINER_OWNER, parentCVersion: reader.int() },
      }
    case TXN.createTTL: {
      const start = readCreateStart(reader)
      const parentCVersion = reader.int()
      return { ...start, parentCVersion, ephemeralOwner: ttlOwner(reader.bigLong()) }
    }
    case TXN.delete:
    case TXN.deleteContainer:
      return { op: 'delete', path: readPath(reader) }
    case TXN.setData:
    case TXN.reconfig: {
      const path = readPath(reader)
      return { op: 'setData', path, data: reader.byteString(), version: reader.int() }
    }
    case TXN.setACL: {
      const path = readPath(reader)
      return { op: 'setACL', path, acl: readAcls(reader) ?? OPEN_ACL, version: reader.int() }
    }
    case TXN.check:
      return { op: 'check', path: readPath(reader), version: reader.int() }
    case TXN.createSession:
      return { op: 'createSession', timeoutMs: readSessionTimeout(reader) }
    case TXN.error:
      return { op: 'error', err: reader.int() }
    default:
      throw new WireError(`transactions of type ${type} are not known`)
  }
}

/** Where all four kinds of creates begin: path, data, ACL. */
function readCreateStart(reader: JuteReader): Pick<TxnCreate, 'op' | 'path' | 'data' | 'acl'> {
  const path = readPath(reader)
  if (path === '/') throw new WireError('a create of /')
  return { op: 'create', path, data: reader.byteString(), acl: readAcls(reader) ?? OPEN_ACL }
}

/** Before 3.4 the parent’s cversion was not in it. */
function readCreate(reader: JuteReader, clientId: bigint): TxnCreate {
  const start = readCreateStart(reader)
  const ephemeralOwner = reader.bool() ? clientId : 0n
  const isOld = reader.left < PARENT_CVERSION_BYTES
  return { ...start, ephemeralOwner, parentCVersion: isOld ? -1 : reader.int() }
}

function ttlOwner(ttlMs: bigint): bigint {
  if (ttlMs <= 0n || ttlMs >= TTL_MAX) throw new WireError(`a TTL of ${ttlMs} ms`)
  return TTL_OWNER + ttlMs
}

/** vector<ustring> */
function readClosed(reader: JuteReader): readonly string[] {
  const count = reader.count(5)
  const paths: string[] = []
  for (let left = count; left > 0; left--) paths.push(readPath(reader))
  return paths
}

/** vector<Txn>, Txn = int type, buffer data. One that failed says so in place of at least one operation. */
function readMulti(reader: JuteReader, header: TxnHeader): TxnOp[] {
  const count = reader.count(8)
  const parts: { type: number; bytes: Uint8Array }[] = []
  for (let left = count; left > 0; left--) {
    const type = reader.int()
    const bytes = reader.bytes()
    if (bytes === null) throw new WireError('an operation of a multi without data')
    parts.push({ type, bytes })
  }
  if (parts.some(({ type }) => type === TXN.error)) return []
  return parts.map(({ type, bytes }) => {
    const inner = JuteReader.of(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    if (!IN_MULTI.has(type)) throw new WireError(`an operation of type ${type} in a multi`)
    const op = readOp(inner, type, header)
    if (inner.left > 0) throw new WireError(`${inner.left} bytes follow an operation of a multi`)
    return op
  })
}

const IN_MULTI: ReadonlySet<number> = new Set([
  ...[TXN.create, TXN.create2, TXN.createContainer, TXN.createTTL],
  ...[TXN.delete, TXN.deleteContainer, TXN.setData, TXN.check, TXN.setACL],
])
