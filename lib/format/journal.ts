/**
 * Bytes of one journal entry: the batch header, then its transactions in order. Written by the
 * group committer, read by every replica's feed and at load.
 *
 *   entry   = u8 3, u8 flags (1: its proxy lets others commit next, 2: previous is there, 4: check is there,
 *             8: the tree follows a ZooKeeper ensemble),
 *             varint seq, string proxy, varint attempt, varint zxid, varint flushed, varint time,
 *             [u64 previous], [varint seq, varint znodes, u64 digest], txn*
 *   txn     = u8 flags (1: takes the next zxid, 2: takes a later one, 4: session as before,
 *             8: another session, 16: another time than the one before),
 *             [varint distance], [i64 session], [zigzag cxid, where there is a session],
 *             [zigzag difference of time, ms], varint count, op*
 *   op      = u8 tag, fields as in the switch below
 *
 * Formats 1 and 2, of versions before 0.2, are read, and written for as long as a live proxy reads no other:
 *
 *   entry   = u8 1, or 2 when its proxy lets others commit next, varint seq, string proxy, varint attempt,
 *             varint zxid, varint flushed, varint time, txn*
 *   txn     = u8 1: takes the next zxid | u8 0: takes none; varint count, op*
 *
 * Documented in docs/layout.md.
 */

import { internAcl, OPEN_ACL } from '../model/acl.ts'
import { StoreError } from '../model/errors.ts'
import type { Acl } from '../model/request.ts'
import type { Kind } from '../model/znode.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { Batch, Op, TreeCheck, TxnEntry } from './ops.ts'
import { tooNew } from './too-new.ts'

/** Format 1 with a flag, as versions before 0.2 read it. */
export const JOURNAL_FORMAT_OLD = 2
/** Newest format that this version reads and writes. */
export const JOURNAL_FORMAT = 3
/** Formats are counted: an entry that begins with more than this, such as a letter, is none of a newer version. */
const FORMAT_MAX = 31

const HEADER = { passes: 1, previous: 2, check: 4, mirrors: 8 } as const
const TXN = { next: 1, later: 2, sameSession: 4, session: 8, time: 16 } as const

const TAG = {
  create: 1,
  delete: 2,
  setData: 3,
  setACL: 4,
  createSession: 5,
  moveSession: 6,
  closeSession: 7,
  newEpoch: 8,
  endSession: 9,
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
      return
    case 'endSession':
      return out.i64(op.id)
    case 'newEpoch':
      out.varint(op.lastZxid)
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
    case TAG.endSession:
      return { type: 'endSession', id: input.i64() }
    case TAG.newEpoch:
      return { type: 'newEpoch', lastZxid: input.varint() }
    default:
      throw new StoreError('STORE_INTERNAL', `damaged journal entry: unknown operation ${tag}`)
  }
}

/** What a transaction's bytes are relative to: the one before it, or what the batch begins with. */
export type TxnBase = Pick<TxnEntry, 'zxid' | 'time' | 'session'>

/** Appends one transaction; the header is written apart, because it is known last. */
export function writeTxn(out: ByteWriter, format: number, txn: TxnEntry, before: TxnBase): void {
  const { takesZxid } = txn
  let { ops } = txn
  if (format < JOURNAL_FORMAT) {
    out.u8(takesZxid ? 1 : 0)
    // An older version sees the epoch by the zxid.
    if (ops[0]?.type === 'newEpoch') ops = []
  } else writeTxnHeader(out, txn, before)
  out.varint(ops.length)
  for (const op of ops) writeOp(out, op)
}

function writeTxnHeader(out: ByteWriter, txn: TxnEntry, before: TxnBase): void {
  const { zxid, takesZxid, session, time } = txn
  const distance = takesZxid ? zxid - before.zxid : 0
  let flags = distance === 0 ? 0 : distance === 1 ? TXN.next : TXN.later
  if (session !== 0n) flags |= session === before.session ? TXN.sameSession : TXN.session
  if (time !== before.time) flags |= TXN.time
  out.u8(flags)
  if (distance > 1) out.varint(distance)
  if ((flags & TXN.session) !== 0) out.i64(session)
  if (session !== 0n) out.zigzag(txn.cxid)
  if (time !== before.time) out.zigzag(time - before.time)
}

/** All of a batch but its transactions. */
export type BatchHeader = Omit<Batch, 'txns'>

/** Written before the transactions, but known after them. Emptied for every entry. */
const headerOut = new ByteWriter()

/** A whole entry, of what {@link writeTxn} wrote. */
export function encodeEntry(batch: BatchHeader, txns: ByteWriter): Uint8Array {
  headerOut.clear()
  writeHeader(headerOut, batch)
  return Buffer.concat([headerOut.bytesSoFar, txns.bytesSoFar])
}

function writeHeader(out: ByteWriter, batch: BatchHeader): void {
  const { format, passes, previous, check, mirrors } = batch
  if (format < JOURNAL_FORMAT) out.u8(passes ? 2 : 1)
  else {
    out.u8(format)
    out.u8(
      (passes ? HEADER.passes : 0) |
        (previous === undefined ? 0 : HEADER.previous) |
        (check === undefined ? 0 : HEADER.check) |
        (mirrors === true ? HEADER.mirrors : 0),
    )
  }
  out.varint(batch.seq)
  out.string(batch.proxy)
  out.varint(batch.attempt)
  out.varint(batch.zxid)
  out.varint(batch.flushed)
  out.varint(batch.time)
  if (format < JOURNAL_FORMAT) return
  if (previous !== undefined) out.u64(previous)
  if (check !== undefined) {
    out.varint(check.seq)
    out.varint(check.znodes)
    out.u64(check.digest)
  }
}

function readHeader(input: ByteReader): BatchHeader {
  const format = input.u8()
  if (format > JOURNAL_FORMAT && format <= FORMAT_MAX) {
    throw tooNew('journal entry', format, JOURNAL_FORMAT)
  }
  if (format < 1 || format > JOURNAL_FORMAT) {
    throw new StoreError('STORE_INTERNAL', `damaged journal entry: no version has format ${format}`)
  }
  const flags = format < JOURNAL_FORMAT ? format - 1 : input.u8()
  return {
    format,
    passes: (flags & HEADER.passes) !== 0,
    seq: input.varint(),
    proxy: input.string(),
    attempt: input.varint(),
    zxid: input.varint(),
    flushed: input.varint(),
    time: input.varint(),
    previous: (flags & HEADER.previous) === 0 ? undefined : input.u64(),
    check: (flags & HEADER.check) === 0 ? undefined : readCheck(input),
    ...((flags & HEADER.mirrors) !== 0 && { mirrors: true }),
  }
}

function readCheck(input: ByteReader): TreeCheck {
  return { seq: input.varint(), znodes: input.varint(), digest: input.u64() }
}

export function decodeHeader(bytes: Uint8Array): BatchHeader {
  return readHeader(new ByteReader(bytes))
}

/** A transaction as it is read: its zxid is not known yet, only how far it is from the one before. */
type ReadTxn = { -readonly [K in keyof TxnEntry]: TxnEntry[K] }

export function decodeBatch(bytes: Uint8Array): Batch {
  const input = new ByteReader(bytes)
  const header = readHeader(input)
  const txns: ReadTxn[] = []
  let before: TxnBase = { zxid: 0, time: header.time, session: 0n }
  let zxid = header.zxid
  while (!input.atEnd) {
    const txn =
      header.format < JOURNAL_FORMAT ? readOldTxn(input, header.time) : readTxn(input, before)
    txns.push(txn)
    zxid -= txn.zxid
    before = txn
  }
  // In place: a copy of each would be a large part of reading an entry.
  for (const txn of txns) {
    zxid += txn.zxid
    txn.zxid = zxid
  }
  return { ...header, txns }
}

function readOldTxn(input: ByteReader, time: number): ReadTxn {
  const takesZxid = input.u8() === 1
  const distance = takesZxid ? 1 : 0
  return { zxid: distance, takesZxid, time, session: 0n, cxid: 0, ops: readOps(input) }
}

function readTxn(input: ByteReader, before: TxnBase): ReadTxn {
  const flags = input.u8()
  const distance = (flags & TXN.later) !== 0 ? input.varint() : (flags & TXN.next) !== 0 ? 1 : 0
  let session = 0n
  if ((flags & TXN.session) !== 0) session = input.i64()
  else if ((flags & TXN.sameSession) !== 0) session = before.session
  const cxid = session === 0n ? 0 : input.zigzag()
  const time = before.time + ((flags & TXN.time) === 0 ? 0 : input.zigzag())
  const takesZxid = distance > 0
  return { zxid: distance, takesZxid, time, session, cxid, ops: readOps(input) }
}

function readOps(input: ByteReader): Op[] {
  const ops: Op[] = []
  for (let left = input.varint(); left > 0; left--) ops.push(readOp(input))
  return ops
}
