/**
 * Bytes of one journal entry: the batch header, then its transactions in order. Written by the
 * group committer, read by every replica's feed and at load.
 *
 *   entry   = u8 1, or 2 when its proxy lets others commit next, varint seq, string proxy,
 *             varint attempt, varint zxid, varint flushed, varint time, txn*
 *   txn     = u8 1: takes the next zxid | u8 0: takes none; varint count, op*
 *   op      = u8 tag, fields as in the switch below
 *
 * Documented in docs/layout.md.
 */

import { internAcl, OPEN_ACL } from '../model/acl.ts'
import { StoreError } from '../model/errors.ts'
import type { Acl } from '../model/request.ts'
import type { Kind } from '../model/znode.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { Batch, Op, TxnEntry } from './ops.ts'

const FORMAT = 1
/** As format 1, and the proxy passes its turn. */
const FORMAT_PASSES = 2

const TAG = {
  create: 1,
  delete: 2,
  setData: 3,
  setACL: 4,
  createSession: 5,
  moveSession: 6,
  closeSession: 7,
} as const

function writeAcl(out: ByteWriter, acl: readonly Acl[]): void {
  if (acl === OPEN_ACL) {
    out.varint(0)
    return
  }
  out.varint(acl.length + 1)
  for (const { perms, id } of acl) {
    out.i32(perms)
    out.string(id.scheme)
    out.string(id.id)
  }
}

function readAcl(input: ByteReader): readonly Acl[] {
  const count = input.varint()
  if (count === 0) return OPEN_ACL
  const acl: Acl[] = []
  for (let i = 1; i < count; i++) {
    acl.push({ perms: input.i32(), id: { scheme: input.string(), id: input.string() } })
  }
  return internAcl(acl)
}

function readStrings(input: ByteReader): string[] {
  const out: string[] = []
  for (let left = input.varint(); left > 0; left--) out.push(input.string())
  return out
}

function writeOp(out: ByteWriter, op: Op): void {
  out.u8(TAG[op.type])
  switch (op.type) {
    case 'create':
      out.string(op.path)
      out.nullableBytes(op.data)
      writeAcl(out, op.acl)
      out.i64(op.ephemeralOwner)
      out.u8(op.kind)
      out.varint(op.ttlMs)
      out.i32(op.parentCreates)
      return
    case 'delete':
      return out.string(op.path)
    case 'setData':
      out.string(op.path)
      out.nullableBytes(op.data)
      return out.i32(op.version)
    case 'setACL':
      out.string(op.path)
      writeAcl(out, op.acl)
      return out.i32(op.aversion)
    case 'createSession':
      out.i64(op.id)
      out.varint(op.timeoutMs)
      out.string(op.passwordDigest)
      return out.string(op.owner)
    case 'moveSession':
      out.i64(op.id)
      out.string(op.owner)
      return out.varint(op.fence)
    case 'closeSession':
      out.i64(op.id)
      out.varint(op.paths.length)
      for (const path of op.paths) out.string(path)
  }
}

function readOp(input: ByteReader): Op {
  const tag = input.u8()
  switch (tag) {
    case TAG.create:
      return {
        type: 'create',
        path: input.string(),
        data: input.nullableBytes(),
        acl: readAcl(input),
        ephemeralOwner: input.i64(),
        kind: input.u8() as Kind,
        ttlMs: input.varint(),
        parentCreates: input.i32(),
      }
    case TAG.delete:
      return { type: 'delete', path: input.string() }
    case TAG.setData:
      return {
        type: 'setData',
        path: input.string(),
        data: input.nullableBytes(),
        version: input.i32(),
      }
    case TAG.setACL:
      return { type: 'setACL', path: input.string(), acl: readAcl(input), aversion: input.i32() }
    case TAG.createSession:
      return {
        type: 'createSession',
        id: input.i64(),
        timeoutMs: input.varint(),
        passwordDigest: input.string(),
        owner: input.string(),
      }
    case TAG.moveSession:
      return {
        type: 'moveSession',
        id: input.i64(),
        owner: input.string(),
        fence: input.varint(),
      }
    case TAG.closeSession:
      return { type: 'closeSession', id: input.i64(), paths: readStrings(input) }
    default:
      throw new StoreError('STORE_INTERNAL', `damaged journal entry: unknown operation ${tag}`)
  }
}

/** Appends one transaction; the header is written apart, because it is known last. */
export function writeTxn(out: ByteWriter, takesZxid: boolean, ops: readonly Op[]): void {
  out.u8(takesZxid ? 1 : 0)
  out.varint(ops.length)
  for (const op of ops) writeOp(out, op)
}

export function encodeHeader(batch: BatchHeader): Uint8Array {
  const out = new ByteWriter()
  out.u8(batch.passes ? FORMAT_PASSES : FORMAT)
  out.varint(batch.seq)
  out.string(batch.proxy)
  out.varint(batch.attempt)
  out.varint(batch.zxid)
  out.varint(batch.flushed)
  out.varint(batch.time)
  return out.toBytes()
}

/** All of a batch but its transactions. */
export type BatchHeader = Omit<Batch, 'txns'>

function readHeader(input: ByteReader): BatchHeader {
  const format = input.u8()
  if (format !== FORMAT && format !== FORMAT_PASSES) {
    throw new StoreError(
      'STORE_UNSUPPORTED',
      `journal entry has format ${format}, this version reads formats up to ${FORMAT_PASSES}`,
    )
  }
  return {
    seq: input.varint(),
    proxy: input.string(),
    attempt: input.varint(),
    zxid: input.varint(),
    flushed: input.varint(),
    time: input.varint(),
    passes: format === FORMAT_PASSES,
  }
}

export function decodeHeader(bytes: Uint8Array): BatchHeader {
  return readHeader(new ByteReader(bytes))
}

export function decodeBatch(bytes: Uint8Array): Batch {
  const input = new ByteReader(bytes)
  const header = readHeader(input)
  const takes: boolean[] = []
  const opLists: Op[][] = []
  let taken = 0
  while (!input.atEnd) {
    const takesZxid = input.u8() === 1
    if (takesZxid) taken++
    takes.push(takesZxid)
    const ops: Op[] = []
    for (let left = input.varint(); left > 0; left--) ops.push(readOp(input))
    opLists.push(ops)
  }
  let at = header.zxid - taken
  const txns = opLists.map((ops, i): TxnEntry => {
    if (takes[i]) at++
    return { zxid: at, ops }
  })
  return { ...header, txns }
}
