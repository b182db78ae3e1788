/**
 * The raw client's records: those of lib/protocol, with what most tests leave out filled in, bytes as
 * Buffers and ACLs flat. That lib/protocol is right is shown by frames of real servers and clients:
 * test/unit/lib/protocol/wire/captured.test.ts.
 */

import { type Acl, type MultiResult, OP, type Result, type Stat } from '../../lib/internal.ts'
import { bodyOf } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import type { JuteWriter } from '../../lib/protocol/jute/writer.ts'
import type { Codec } from '../../lib/protocol/record/codec.ts'
import { writeMultiEnd, writeMultiHeader } from '../../lib/protocol/record/multi-header.ts'
import { encodeRequestHeader } from '../../lib/protocol/record/request-header.ts'
import { CODECS } from '../../lib/protocol/wire/codecs.ts'
import { decodeReply } from '../../lib/protocol/wire/decode-reply.ts'
import type { SentRequests } from '../../lib/protocol/wire/encode-request.ts'

export type RawStat = Stat

export interface RawAcl {
  perms: number
  scheme: string
  id: string
}

type Text = string | null
type Bytes = Uint8Array | string | null

export interface RawCreate {
  path: Text
  data?: Bytes
  acl?: readonly RawAcl[] | null
  flags?: number
}

/** What each opcode's record is made of; the key is the opcode. */
export interface RawRequests {
  1: RawCreate
  2: { path: Text; version?: number }
  3: { path: Text; watch?: boolean }
  4: { path: Text; watch?: boolean }
  5: { path: Text; data?: Bytes; version?: number }
  6: { path: Text }
  7: { path: Text; acl?: readonly RawAcl[] | null; version?: number }
  8: { path: Text; watch?: boolean }
  9: { path: Text }
  11: Record<never, never>
  12: { path: Text; watch?: boolean }
  13: { path: Text; version?: number }
  14: { ops: readonly RawMultiOp[] }
  15: RawCreate
  16: { joining: Text; leaving: Text; newMembers: Text; curConfigId: number }
  17: { path: Text; watcherType: number }
  18: { path: Text; watcherType: number }
  19: RawCreate
  20: { path: Text; version?: number }
  21: RawCreate & { ttlMs?: number }
  22: { ops: readonly RawMultiOp[] }
  100: { scheme: Text; auth: Bytes; authType?: number }
  101: RawWatches
  102: { token: Bytes }
  103: { prefixPath: Text }
  104: { path: Text }
  105: RawWatches & { persistent?: readonly string[]; persistentRecursive?: readonly string[] }
  106: { path: Text; mode: number }
  107: Record<never, never>
  [-11]: Record<never, never>
}
export interface RawWatches {
  relativeZxid: number
  data?: readonly string[]
  exist?: readonly string[]
  child?: readonly string[]
}
export type RawOp = keyof RawRequests
type MultiOps = Pick<RawRequests, 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 12 | 13 | 15 | 19 | 20 | 21>
/** Also those that no server accepts in a multi. */
export type RawMultiOp = { [K in keyof MultiOps]: { op: K } & MultiOps[K] }[keyof MultiOps]

/** One entry of a multi's answer: the type its header carries and what followed. */
export interface RawMultiResult {
  type: number
  err: number
  record: RawRecord
}

/** Whatever a reply carried; a test reads the fields it expects. */
export interface RawRecord {
  path?: string
  data?: Buffer | null
  stat?: RawStat
  acl?: RawAcl[]
  children?: readonly string[]
  paths?: readonly string[]
  count?: number
  ids?: { scheme: string; user: string }[]
  token?: Buffer | null
  errno?: number
  results?: RawMultiResult[]
  /** Bytes that the record's grammar did not account for: should never be there. */
  rest?: Buffer
}

/** World may do everything: what most tests create with. */
export const OPEN_ACL: readonly RawAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]

/** xid, zxid, error. */
const HEADER_BYTES = 16

type Filled = Pick<SentRequests, Exclude<RawOp, 14 | 22>>

const toBytes = (value: Bytes): Uint8Array | null =>
  typeof value === 'string' ? Buffer.from(value, 'utf8') : value
const toData = (value: Bytes = null): string | null => {
  const bytes = toBytes(value)
  return bytes === null ? null : Buffer.from(bytes).toString('latin1')
}
const toAcl = (acl: readonly RawAcl[] | null = OPEN_ACL): Acl[] | null =>
  acl?.map(({ perms, scheme, id }) => ({ perms, id: { scheme, id } })) ?? null
const toCreate = (r: RawCreate, flags: number): SentRequests[1] => ({
  path: r.path,
  data: toData(r.data),
  acl: toAcl(r.acl),
  flags: r.flags ?? flags,
})
const toVersioned = <R extends { version?: number }>(r: R) => ({
  ...r,
  version: r.version ?? -1,
})
const toRead = (r: { path: Text; watch?: boolean }) => ({ path: r.path, watch: r.watch ?? false })
const toWatches = ({ relativeZxid, data = [], exist = [], child = [] }: RawWatches) => ({
  relativeZxid,
  data,
  exist,
  child,
})

const FILL: { [K in keyof Filled]: (r: RawRequests[K]) => Filled[K] } = {
  1: (r) => toCreate(r, 0),
  2: toVersioned,
  3: toRead,
  4: toRead,
  5: (r) => toVersioned({ ...r, data: toData(r.data) }),
  6: (r) => r,
  7: (r) => toVersioned({ ...r, acl: toAcl(r.acl) }),
  8: toRead,
  9: (r) => r,
  11: () => undefined,
  12: toRead,
  13: toVersioned,
  15: (r) => toCreate(r, 0),
  16: (r) => r,
  17: (r) => r,
  18: (r) => r,
  19: (r) => toCreate(r, 4),
  20: toVersioned,
  21: (r) => ({ ...toCreate(r, 5), ttlMs: r.ttlMs ?? 0 }),
  100: (r) => ({ ...r, auth: toBytes(r.auth) }),
  101: toWatches,
  102: (r) => ({ token: toBytes(r.token) }),
  103: (r) => r,
  104: (r) => r,
  105: ({ persistent = [], persistentRecursive = [], ...r }) => ({
    ...toWatches(r),
    persistent,
    persistentRecursive,
  }),
  106: (r) => r,
  107: () => undefined,
  [-11]: () => undefined,
}

function writeRecord(writer: JuteWriter, op: RawOp, record: object): void {
  if (op === OP.multi || op === OP.multiRead) {
    return writeMulti(writer, (record as RawRequests[14]).ops)
  }
  const fill = FILL[op] as (record: object) => unknown
  const encode: Codec['encodeRequest'] = CODECS[op].encodeRequest
  encode(writer, fill(record) as never)
}

/** Not that of lib/protocol, which takes allowed operations only. */
function writeMulti(writer: JuteWriter, ops: readonly RawMultiOp[]): void {
  for (const op of ops) {
    writeMultiHeader(writer, op.op, -1)
    writeRecord(writer, op.op, op)
  }
  writeMultiEnd(writer)
}

/** A request's body: header and record, without the length before it. */
export function packRequest<K extends RawOp>(xid: number, op: K, record: RawRequests[K]): Buffer {
  return bodyOf((writer) => {
    writer.begin()
    encodeRequestHeader(writer, xid, op)
    writeRecord(writer, op, record)
    writer.end()
  })
}

/** The record of a reply to `op`, from its whole body, and any bytes behind it as `rest`. */
export function unpackReply(op: number, body: Buffer): RawRecord {
  // A reply to what no promise waits for: only its header can be read.
  if (!(op in CODECS))
    return body.length > HEADER_BYTES ? { rest: body.subarray(HEADER_BYTES) } : {}
  const { result, extraBytes } = decodeReply(op, JuteReader.of(body))
  const record = result === undefined ? {} : toRecord(result)
  if (extraBytes > 0) record.rest = body.subarray(body.length - extraBytes)
  return record
}

function toRecord(result: Result): RawRecord {
  switch (result.type) {
    case 'none':
      return {}
    case 'data':
      return { data: fromData(result.data), stat: result.stat }
    case 'acl':
      return {
        acl: result.acl.map(({ perms, id }) => ({ perms, scheme: id.scheme, id: id.id })),
        stat: result.stat,
      }
    case 'whoAmI':
      return { ids: result.ids.map(({ scheme, id }) => ({ scheme, user: id })) }
    case 'sasl':
      return { token: result.token === null ? null : Buffer.from(result.token) }
    case 'multi':
      return { results: result.results.map(toMultiResult) }
    default:
      return withoutType(result)
  }
}

function toMultiResult(result: MultiResult): RawMultiResult {
  const { type } = result
  const err = type === 'error' ? result.errno : 0
  const record = type === 'getData' ? { ...result, data: fromData(result.data) } : result
  return { type: OP[type], err, record: withoutType(record) }
}

function withoutType<R extends { type: string }>({ type: _, ...record }: R): Omit<R, 'type'> {
  return record
}

function fromData(data: string | null): Buffer | null {
  return data === null ? null : Buffer.from(data, 'latin1')
}
