/**
 * etcd's TxnRequest and TxnResponse as bytes, without the driver's objects: a commit of a thousand
 * puts is encoded in one pass into one buffer, and of its answer only what the contract asks for is
 * read. Source: etcd's rpc.proto and proto3's encoding. Neighbour: etcd-store.ts.
 */
import { StoreError } from '../../lib/errors.ts'
import type { Compare, Txn, WriteOp } from '../../lib/store/types.ts'
import { toStart } from './messages.ts'

/** Wire types: what follows a tag. */
const VARINT = 0
const LENGTH_DELIMITED = 2

/* TxnRequest  => compare=1* success=2* */
const TXN = { compare: 0x0a, success: 0x12 } as const
/* Compare     => target=2 key=3 (version=4 | create_revision=5 | mod_revision=6 | value=7); result=1 is EQUAL, 0 */
const COMPARE = { target: 0x10, key: 0x1a, value: 0x3a } as const
const TARGET = { version: 0, createRevision: 1, modRevision: 2, value: 3 } as const
const NUMBER_TAG = { version: 0x20, createRevision: 0x28, modRevision: 0x30 } as const
/* RequestOp   => request_put=2 | request_delete_range=3 */
const OP = { put: 0x12, deleteRange: 0x1a } as const
/* PutRequest  => key=1 value=2 lease=3;  DeleteRangeRequest => key=1 range_end=2 */
const PUT = { key: 0x0a, value: 0x12, lease: 0x18 } as const
const DELETE = { key: 0x0a, rangeEnd: 0x12 } as const

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}
function bigVarintSize(value: bigint): number {
  let size = 1
  for (let rest = value; rest >= 0x80n; rest >>= 7n) size++
  return size
}
/** A tag, a length and so many bytes. */
const field = (bytes: number): number => 1 + varintSize(bytes) + bytes

class Writer {
  readonly out: Buffer
  #at = 0

  constructor(size: number) {
    this.out = Buffer.allocUnsafe(size)
  }
  varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.out[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.out[this.#at++] = rest
  }
  bigVarint(value: bigint): void {
    let rest = value
    while (rest >= 0x80n) {
      this.out[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.out[this.#at++] = Number(rest)
  }
  /** Announces a field of `size` bytes. */
  open(tag: number, size: number): void {
    this.out[this.#at++] = tag
    this.varint(size)
  }
  bytes(tag: number, value: Uint8Array): void {
    this.open(tag, value.length)
    this.out.set(value, this.#at)
    this.#at += value.length
  }
  number(tag: number, value: number): void {
    this.out[this.#at++] = tag
    this.varint(value)
  }
  get isFull(): boolean {
    return this.#at === this.out.length
  }
  tag(tag: number): void {
    this.out[this.#at++] = tag
  }
}

function compareBytes(compare: Compare): number {
  const union =
    compare.target === 'value' ? field(compare.equals.length) : 1 + varintSize(compare.equals)
  return 2 + field(compare.key.length) + union
}

function writeCompare(out: Writer, compare: Compare): void {
  out.open(TXN.compare, compareBytes(compare))
  out.number(COMPARE.target, TARGET[compare.target])
  out.bytes(COMPARE.key, compare.key)
  if (compare.target === 'value') out.bytes(COMPARE.value, compare.equals)
  else out.number(NUMBER_TAG[compare.target], compare.equals)
}

/** Of the PutRequest or DeleteRangeRequest itself. */
function innerBytes(op: WriteOp): number {
  switch (op.type) {
    case 'put': {
      const lease = op.lease ? 1 + bigVarintSize(op.lease) : 0
      return field(op.key.length) + field(op.value.length) + lease
    }
    case 'delete':
      return field(op.key.length)
    case 'deleteRange':
      return field(toStart(op.start).length) + field(op.end.length)
  }
}

function writeOp(out: Writer, op: WriteOp, inner: number): void {
  out.open(TXN.success, field(inner))
  out.open(op.type === 'put' ? OP.put : OP.deleteRange, inner)
  switch (op.type) {
    case 'put':
      out.bytes(PUT.key, op.key)
      out.bytes(PUT.value, op.value)
      if (op.lease) {
        out.tag(PUT.lease)
        out.bigVarint(op.lease)
      }
      return
    case 'delete':
      out.bytes(DELETE.key, op.key)
      return
    case 'deleteRange':
      out.bytes(DELETE.key, toStart(op.start))
      out.bytes(DELETE.rangeEnd, op.end)
  }
}

export function encodeTxn({ compares, ops }: Txn): Buffer {
  let size = 0
  for (const compare of compares) size += field(compareBytes(compare))
  const inners = ops.map(innerBytes)
  for (const inner of inners) size += field(field(inner))
  const out = new Writer(size)
  for (const compare of compares) writeCompare(out, compare)
  ops.forEach((op, i) => {
    writeOp(out, op, inners[i] as number)
  })
  if (!out.isFull) throw new StoreError('STORE_INTERNAL', 'etcd: a txn was encoded wrongly')
  return out.out
}

/** What the contract wants of an answer, and whose it is. */
export interface TxnAnswer {
  readonly succeeded: boolean
  readonly revision: number
  /** Decimal. */
  readonly clusterId: string
}

class Reader {
  readonly #bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.at = at
    this.end = end
  }
  #byte(): number {
    if (this.at >= this.end)
      throw new StoreError('STORE_INTERNAL', 'etcd: an answer ends too early')
    return this.#bytes[this.at++] as number
  }
  /** Unsigned, up to 64 bits. */
  bigVarint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new StoreError('STORE_INTERNAL', 'etcd: a number in an answer has no end')
  }
  /** Up to 2^53. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 63; scale *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new StoreError('STORE_INTERNAL', 'etcd: a number in an answer has no end')
  }
  /** The field announced next, as a reader of its own. */
  inner(): Reader {
    const length = this.varint()
    const start = this.at
    if (length > this.end - start) {
      throw new StoreError('STORE_INTERNAL', 'etcd: an answer ends too early')
    }
    this.at = start + length
    return new Reader(this.#bytes, start, this.at)
  }
  skip(wireType: number): void {
    if (wireType === VARINT) this.bigVarint()
    else if (wireType === LENGTH_DELIMITED) this.inner()
    else throw new StoreError('STORE_INTERNAL', `etcd: wire type ${wireType} in an answer`)
  }
}

/* TxnResponse => header=1 succeeded=2 responses=3*;  ResponseHeader => cluster_id=1 member_id=2 revision=3 raft_term=4 */
/** @throws {StoreError} STORE_INTERNAL, outcome unknown to the caller, for what is no TxnResponse. */
export function decodeTxnAnswer(bytes: Uint8Array): TxnAnswer {
  const input = new Reader(bytes)
  let succeeded = false
  let revision = 0
  let clusterId = '0'
  while (input.at < input.end) {
    const tag = input.varint()
    if (tag === 0x0a) {
      const header = input.inner()
      while (header.at < header.end) {
        const headerTag = header.varint()
        if (headerTag === 0x08) clusterId = String(header.bigVarint())
        else if (headerTag === 0x18) revision = header.varint()
        else header.skip(headerTag & 7)
      }
    } else if (tag === 0x10) succeeded = input.varint() !== 0
    else input.skip(tag & 7)
  }
  return { succeeded, revision, clusterId }
}
