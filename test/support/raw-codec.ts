/**
 * ZooKeeper's records for the raw test client: an implementation of its own, written from
 * zookeeper.jute and sharing nothing with proxy/, so that one mistake cannot hide in both.
 */

export interface RawStat {
  czxid: number
  mzxid: number
  ctime: number
  mtime: number
  version: number
  cversion: number
  aversion: number
  ephemeralOwner: bigint
  dataLength: number
  numChildren: number
  pzxid: number
}

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
export type RawMultiOp = { [K in keyof MultiOps]: { op: K } & MultiOps[K] }[keyof MultiOps]

/** One entry of a multi's answer: the type its header carries and what followed. */
export interface RawMultiResult {
  type: number
  err: number
  record: RawRecord
}

/** Whatever a reply carried; a test reads the fields it expects. */
export interface RawRecord {
  path?: string | null
  data?: Buffer | null
  stat?: RawStat
  acl?: RawAcl[]
  children?: (string | null)[]
  paths?: (string | null)[]
  count?: number
  ids?: { scheme: string | null; user: string | null }[]
  token?: Buffer | null
  errno?: number
  results?: RawMultiResult[]
  /** Bytes that the record's grammar did not account for: should never be there. */
  rest?: Buffer
}

/** World may do everything: what most tests create with. */
export const OPEN_ACL: readonly RawAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]

/** Appends big-endian fields; slow and plain on purpose. */
export class Pack {
  private readonly parts: Buffer[] = []

  byte(value: number): this {
    this.parts.push(Buffer.from([value]))
    return this
  }

  int(value: number): this {
    const b = Buffer.alloc(4)
    b.writeInt32BE(value)
    this.parts.push(b)
    return this
  }

  long(value: number | bigint): this {
    const b = Buffer.alloc(8)
    b.writeBigInt64BE(BigInt(value))
    this.parts.push(b)
    return this
  }

  buffer(value: Bytes | undefined): this {
    if (value === null || value === undefined) return this.int(-1)
    const b = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value)
    this.int(b.length)
    this.parts.push(b)
    return this
  }

  vector<T>(items: readonly T[] | null | undefined, each: (item: T) => void): this {
    if (items === null || items === undefined) return this.int(-1)
    this.int(items.length)
    for (const item of items) each(item)
    return this
  }

  strings(items: readonly string[] | undefined): this {
    return this.vector(items ?? [], (s) => this.buffer(s))
  }

  raw(bytes: Uint8Array): this {
    this.parts.push(Buffer.from(bytes))
    return this
  }

  done(): Buffer {
    return Buffer.concat(this.parts)
  }
}

/** Reads what Pack writes; a short buffer throws a RangeError. */
export class Unpack {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  byte(): number {
    const value = this.bytes.readUInt8(this.at)
    this.at += 1
    return value
  }

  int(): number {
    const value = this.bytes.readInt32BE(this.at)
    this.at += 4
    return value
  }

  bigLong(): bigint {
    const value = this.bytes.readBigInt64BE(this.at)
    this.at += 8
    return value
  }

  long(): number {
    return Number(this.bigLong())
  }

  buffer(): Buffer | null {
    const length = this.int()
    if (length < 0) return null
    if (length > this.left) throw new RangeError(`length ${length} with ${this.left} bytes left`)
    const value = Buffer.from(this.bytes.subarray(this.at, this.at + length))
    this.at += length
    return value
  }

  text(): string | null {
    return this.buffer()?.toString('utf8') ?? null
  }

  vector<T>(each: () => T): T[] {
    const count = this.int()
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(each())
    return items
  }

  stat(): RawStat {
    return {
      czxid: this.long(),
      mzxid: this.long(),
      ctime: this.long(),
      mtime: this.long(),
      version: this.int(),
      cversion: this.int(),
      aversion: this.int(),
      ephemeralOwner: this.bigLong(),
      dataLength: this.int(),
      numChildren: this.int(),
      pzxid: this.long(),
    }
  }

  acl(): RawAcl {
    return { perms: this.int(), scheme: this.text() ?? '', id: this.text() ?? '' }
  }
}

function packAcl(p: Pack, acl: readonly RawAcl[] | null | undefined): Pack {
  return p.vector(acl === undefined ? OPEN_ACL : acl, (a) =>
    p.int(a.perms).buffer(a.scheme).buffer(a.id),
  )
}

const packCreate = (p: Pack, r: RawCreate, flags: number): Pack =>
  packAcl(p.buffer(r.path).buffer(r.data), r.acl).int(r.flags ?? flags)
const packPath = (p: Pack, r: { path: Text }): Pack => p.buffer(r.path)
const packVersion = (p: Pack, r: { path: Text; version?: number }): Pack =>
  p.buffer(r.path).int(r.version ?? -1)
const packWatch = (p: Pack, r: { path: Text; watch?: boolean }): Pack =>
  p.buffer(r.path).byte(r.watch === true ? 1 : 0)
const packWatches = (p: Pack, r: RawWatches): Pack =>
  p.long(r.relativeZxid).strings(r.data).strings(r.exist).strings(r.child)
const packMulti = (p: Pack, r: { ops: readonly RawMultiOp[] }): Pack => {
  for (const op of r.ops) {
    p.int(op.op).byte(0).int(-1)
    packRecord(p, op.op, op)
  }
  return p.int(-1).byte(1).int(-1)
}

const PACK: { [K in RawOp]: (p: Pack, r: RawRequests[K]) => Pack } = {
  1: (p, r) => packCreate(p, r, 0),
  2: packVersion,
  3: packWatch,
  4: packWatch,
  5: (p, r) =>
    p
      .buffer(r.path)
      .buffer(r.data)
      .int(r.version ?? -1),
  6: packPath,
  7: (p, r) => packAcl(p.buffer(r.path), r.acl).int(r.version ?? -1),
  8: packWatch,
  9: packPath,
  11: (p) => p,
  12: packWatch,
  13: packVersion,
  14: packMulti,
  15: (p, r) => packCreate(p, r, 0),
  16: (p, r) => p.buffer(r.joining).buffer(r.leaving).buffer(r.newMembers).long(r.curConfigId),
  17: (p, r) => p.buffer(r.path).int(r.watcherType),
  18: (p, r) => p.buffer(r.path).int(r.watcherType),
  19: (p, r) => packCreate(p, r, 4),
  20: packVersion,
  21: (p, r) => packCreate(p, r, 5).long(r.ttlMs ?? 0),
  22: packMulti,
  100: (p, r) =>
    p
      .int(r.authType ?? 0)
      .buffer(r.scheme)
      .buffer(r.auth),
  101: packWatches,
  102: (p, r) => p.buffer(r.token),
  103: (p, r) => p.buffer(r.prefixPath),
  104: packPath,
  105: (p, r) => packWatches(p, r).strings(r.persistent).strings(r.persistentRecursive),
  106: (p, r) => p.buffer(r.path).int(r.mode),
  107: (p) => p,
  [-11]: (p) => p,
}

function packRecord(p: Pack, op: RawOp, record: object): Pack {
  const pack = PACK[op] as (p: Pack, r: object) => Pack
  return pack(p, record)
}

/** A request's body: header and record, without the length before it. */
export function packRequest<K extends RawOp>(xid: number, op: K, record: RawRequests[K]): Buffer {
  return packRecord(new Pack().int(xid).int(op), op, record).done()
}

const path = (u: Unpack): RawRecord => ({ path: u.text() })
const pathStat = (u: Unpack): RawRecord => ({ path: u.text(), stat: u.stat() })
const stat = (u: Unpack): RawRecord => ({ stat: u.stat() })
const dataStat = (u: Unpack): RawRecord => ({ data: u.buffer(), stat: u.stat() })
const children = (u: Unpack): RawRecord => ({ children: u.vector(() => u.text()) })
const none = (): RawRecord => ({})
const errno = (u: Unpack): RawRecord => ({ errno: u.int() })

const MULTI_RESULT: Record<number, (u: Unpack) => RawRecord> = {
  [-1]: errno,
  1: path,
  2: none,
  4: dataStat,
  5: stat,
  8: children,
  13: none,
  15: pathStat,
}

function multi(u: Unpack): RawRecord {
  const results: RawMultiResult[] = []
  for (;;) {
    const type = u.int()
    const done = u.byte()
    const err = u.int()
    if (done !== 0) return { results }
    const unpack = MULTI_RESULT[type]
    if (unpack === undefined) throw new RangeError(`result of type ${type} in a multi`)
    results.push({ type, err, record: unpack(u) })
  }
}

const REPLY: Partial<Record<number, (u: Unpack) => RawRecord>> = {
  1: path,
  3: stat,
  4: dataStat,
  5: stat,
  6: (u) => ({ acl: u.vector(() => u.acl()), stat: u.stat() }),
  7: stat,
  8: children,
  9: path,
  12: (u) => ({ children: u.vector(() => u.text()), stat: u.stat() }),
  14: multi,
  15: pathStat,
  16: dataStat,
  19: pathStat,
  21: pathStat,
  22: multi,
  102: (u) => ({ token: u.buffer() }),
  103: (u) => ({ paths: u.vector(() => u.text()) }),
  104: (u) => ({ count: u.int() }),
  106: errno,
  107: (u) => ({ ids: u.vector(() => ({ scheme: u.text(), user: u.text() })) }),
}

/** The record of a reply to `op`, and any bytes after it as `rest`. */
export function unpackReply(op: number, err: number, u: Unpack): RawRecord {
  const unpack = err === 0 ? REPLY[op] : undefined
  const record = unpack === undefined ? {} : unpack(u)
  if (u.left > 0) record.rest = Buffer.from(u.bytes.subarray(u.at))
  return record
}
