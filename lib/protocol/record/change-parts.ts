/** The records of a page of the change feed, and what they consist of. Neighbour: changes (the page). */
import type { ChangeKind, ChangeOp, ChangeRecord, SnapshotZnode } from '../../model/change.ts'
import { WireError } from '../../model/errors.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readAcl, writeAcl } from './acl.ts'
import { readStat, writeStat } from './stat.ts'
import { pathNotNull, textOrEmpty } from './text.ts'

const RECORDS = ['snapshot', 'live', 'change', 'bookmark'] as const
const KINDS: readonly ChangeKind[] = ['plain', 'container', 'ttl']
const OPS = [
  'create',
  'delete',
  'setData',
  'setACL',
  'createSession',
  'moveSession',
  'closeSession',
] as const

/** A path, an ACL and a Stat, and what is behind them. */
const ZNODE_BYTES_MIN = 4 + 4 + 68 + 17
/** Kind, and a path or an id. */
const OP_BYTES_MIN = 8

/* record => kind zxid …
     kind => INT: 1 snapshot, 2 live, 3 change, 4 bookmark
     zxid => LONG
     snapshot       => VECTOR of znode
     live, bookmark => position
     change         => position time session cxid, VECTOR of op
       position => USTRING
       time, session => LONG
       cxid => INT */
export function writeRecord(writer: JuteWriter, record: ChangeRecord, hasData: boolean): void {
  writer.int(RECORDS.indexOf(record.kind) + 1)
  writer.long(record.zxid)
  if (record.kind === 'snapshot') {
    writer.int(record.znodes.length)
    for (const znode of record.znodes) writeZnode(writer, znode, hasData)
    return
  }
  writer.string(record.position)
  if (record.kind !== 'change') return
  writer.long(record.time)
  writer.bigLong(record.session)
  writer.int(record.cxid)
  writer.int(record.ops.length)
  for (const op of record.ops) writeOp(writer, op, hasData)
}

/** @throws {WireError} malformed */
export function readRecord(reader: JuteReader, hasData: boolean): ChangeRecord {
  const kind = named(RECORDS, reader.int(), 'record of the change feed')
  const zxid = reader.long()
  if (kind === 'snapshot') {
    const count = reader.count(ZNODE_BYTES_MIN)
    const znodes: SnapshotZnode[] = []
    for (let i = 0; i < count; i++) znodes.push(readZnode(reader, hasData))
    return { kind, zxid, znodes }
  }
  const position = textOrEmpty(reader)
  if (kind !== 'change') return { kind, zxid, position }
  const time = reader.long()
  const session = reader.bigLong()
  const cxid = reader.int()
  const count = reader.count(OP_BYTES_MIN)
  const ops: ChangeOp[] = []
  for (let i = 0; i < count; i++) ops.push(readOp(reader, hasData))
  return { kind, zxid, time, session, cxid, ops, position }
}

/* znode => path [data] acl stat kind ttl creates isUnreadable
     data => BUFFER, only where the page has data
     kind => INT: 1 plain, 2 container, 3 TTL
     ttl  => LONG, ms
     creates => INT
     isUnreadable => BOOL */
function writeZnode(writer: JuteWriter, znode: SnapshotZnode, hasData: boolean): void {
  writer.string(znode.path)
  if (hasData) writer.bytes(znode.data ?? null)
  writeAcl(writer, znode.acl)
  writeStat(writer, znode.stat)
  writer.int(KINDS.indexOf(znode.kind) + 1)
  writer.long(znode.ttlMs)
  writer.int(znode.creates)
  writer.bool(znode.unreadable === true)
}

function readZnode(reader: JuteReader, hasData: boolean): SnapshotZnode {
  const path = pathNotNull(reader)
  const data = hasData ? { data: reader.bytes() } : {}
  const acl = readAcl(reader) ?? []
  const stat = readStat(reader)
  const kind = named(KINDS, reader.int(), 'kind of znode')
  const ttlMs = reader.long()
  const creates = reader.int()
  const znode = { path, ...data, acl, stat, kind, ttlMs, creates }
  return reader.bool() ? { ...znode, unreadable: true } : znode
}

/* op => type …
     type => INT: 1 create, 2 delete, 3 setData, 4 setACL, 5 createSession, 6 moveSession, 7 closeSession
     create        => path [data] dataLength acl ephemeralOwner kind ttl parentCreates
     delete        => path
     setData       => path [data] dataLength version
     setACL        => path acl aversion
     createSession => id timeout owner
     moveSession   => id owner
     closeSession  => id
       dataLength, kind, parentCreates, version, aversion, timeout => INT
       ephemeralOwner, ttl, id => LONG
       owner => USTRING */
function writeOp(writer: JuteWriter, op: ChangeOp, hasData: boolean): void {
  writer.int(OPS.indexOf(op.op) + 1)
  switch (op.op) {
    case 'create':
      writer.string(op.path)
      writeData(writer, op, hasData)
      writeAcl(writer, op.acl)
      writer.bigLong(op.ephemeralOwner)
      writer.int(KINDS.indexOf(op.kind) + 1)
      writer.long(op.ttlMs)
      return writer.int(op.parentCreates)
    case 'delete':
      return writer.string(op.path)
    case 'setData':
      writer.string(op.path)
      writeData(writer, op, hasData)
      return writer.int(op.version)
    case 'setACL':
      writer.string(op.path)
      writeAcl(writer, op.acl)
      return writer.int(op.aversion)
    default:
      writer.bigLong(op.id)
      if (op.op === 'createSession') writer.int(op.timeoutMs)
      if (op.op !== 'closeSession') writer.string(op.owner)
  }
}

function readOp(reader: JuteReader, hasData: boolean): ChangeOp {
  const op = named(OPS, reader.int(), 'operation')
  switch (op) {
    case 'create': {
      const path = pathNotNull(reader)
      const data = readData(reader, hasData)
      const acl = readAcl(reader) ?? []
      const ephemeralOwner = reader.bigLong()
      const kind = named(KINDS, reader.int(), 'kind of znode')
      const ttlMs = reader.long()
      const parentCreates = reader.int()
      return { op, path, ...data, acl, ephemeralOwner, kind, ttlMs, parentCreates }
    }
    case 'delete':
      return { op, path: pathNotNull(reader) }
    case 'setData': {
      const path = pathNotNull(reader)
      const data = readData(reader, hasData)
      return { op, path, ...data, version: reader.int() }
    }
    case 'setACL': {
      const path = pathNotNull(reader)
      const acl = readAcl(reader) ?? []
      return { op, path, acl, aversion: reader.int() }
    }
    case 'createSession': {
      const id = reader.bigLong()
      const timeoutMs = reader.int()
      return { op, id, timeoutMs, owner: textOrEmpty(reader) }
    }
    case 'moveSession': {
      const id = reader.bigLong()
      return { op, id, owner: textOrEmpty(reader) }
    }
    case 'closeSession':
      return { op, id: reader.bigLong() }
  }
}

interface WithData {
  readonly data?: Uint8Array | null
  readonly dataLength: number
}

function writeData(writer: JuteWriter, { data, dataLength }: WithData, hasData: boolean): void {
  if (hasData) writer.bytes(data ?? null)
  writer.int(dataLength)
}

function readData(reader: JuteReader, hasData: boolean): WithData {
  const data = hasData ? { data: reader.bytes() } : {}
  return { ...data, dataLength: reader.int() }
}

function named<T extends string>(names: readonly T[], number: number, what: string): T {
  const name = names[number - 1]
  if (name === undefined) throw new WireError(`no ${what} has number ${number}`)
  return name
}
