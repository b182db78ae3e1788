/**
 * Protobuf's wire format, as far as etcd's hot messages need it: a writer that fills a buffer of
 * known size in one pass, and a reader that allocates no objects for fields. Neighbours:
 * txn-codec.ts, range-codec.ts, watch-codec.ts. Source: proto3's encoding.
 */
import { StoreError } from '../../lib/model/errors.ts'
import type { KeyValue } from '../../lib/store/types.ts'

/** Wire types: what follows a tag. */
const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2
const FIXED_32 = 5

export function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}
export function bigVarintSize(value: bigint): number {
  let size = 1
  for (let rest = value; rest >= 0x80n; rest >>= 7n) size++
  return size
}
/** Size of a field of `bytes` bytes with its tag and length. Unit: bytes. */
export const field = (bytes: number): number => 1 + varintSize(bytes) + bytes

export class ProtoWriter {
  readonly #out: Buffer
  #at = 0

  /** `size`: exactly the bytes that will be written. */
  constructor(size: number) {
    this.#out = Buffer.allocUnsafe(size)
  }
  varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#out[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#out[this.#at++] = rest
  }
  bigVarint(value: bigint): void {
    let rest = value
    while (rest >= 0x80n) {
      this.#out[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#out[this.#at++] = Number(rest)
  }
  /** Announces a field of `size` bytes. */
  open(tag: number, size: number): void {
    this.#out[this.#at++] = tag
    this.varint(size)
  }
  bytes(tag: number, value: Uint8Array): void {
    this.open(tag, value.length)
    this.#out.set(value, this.#at)
    this.#at += value.length
  }
  number(tag: number, value: number): void {
    this.#out[this.#at++] = tag
    this.varint(value)
  }
  /** @throws {StoreError} STORE_INTERNAL when fewer bytes were written than were announced. */
  toBytes(): Buffer {
    if (this.#at !== this.#out.length) {
      throw new StoreError('STORE_INTERNAL', 'etcd: a request was encoded wrongly')
    }
    return this.#out
  }
  tag(tag: number): void {
    this.#out[this.#at++] = tag
  }
}

export class ProtoReader {
  readonly #bytes: Buffer
  at: number
  readonly end: number

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
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
  /** @throws {StoreError} STORE_INTERNAL beyond 2^53. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 63; scale *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return safe(value)
    }
    throw new StoreError('STORE_INTERNAL', 'etcd: a number in an answer has no end')
  }
  /** Returns where the skipped bytes begin. */
  #skipBytes(length: number): number {
    const start = this.at
    if (length > this.end - start) {
      throw new StoreError('STORE_INTERNAL', 'etcd: an answer ends too early')
    }
    this.at = start + length
    return start
  }
  /** A reader of the next length-delimited field. */
  inner(): ProtoReader {
    const start = this.#skipBytes(this.varint())
    return new ProtoReader(this.#bytes, start, this.at)
  }
  /** A view of the next length-delimited field's bytes. */
  bytes(): Buffer {
    const start = this.#skipBytes(this.varint())
    return this.#bytes.subarray(start, this.at)
  }
  /** Skips the field that `tag` announces. */
  skip(tag: number): void {
    const wireType = tag & 7
    if (wireType === VARINT) this.bigVarint()
    else if (wireType === LENGTH_DELIMITED) this.inner()
    else if (wireType === FIXED_64) this.#skipBytes(8)
    else if (wireType === FIXED_32) this.#skipBytes(4)
    else throw new StoreError('STORE_INTERNAL', `etcd: wire type ${wireType} in an answer`)
  }
}

function safe(value: number): number {
  if (Number.isSafeInteger(value)) return value
  throw new StoreError('STORE_INTERNAL', `etcd: no safe integer: ${value}`)
}

export interface Header {
  /** Decimal. */
  clusterId: string
  revision: number
}

/* ResponseHeader => cluster_id=1 member_id=2 revision=3 raft_term=4 */
export function readHeader(input: ProtoReader): Header {
  const header = input.inner()
  const read: Header = { clusterId: '0', revision: 0 }
  while (header.at < header.end) {
    const tag = header.varint()
    if (tag === 0x08) read.clusterId = String(header.bigVarint())
    else if (tag === 0x18) read.revision = header.varint()
    else header.skip(tag)
  }
  return read
}

const NO_BYTES = Buffer.alloc(0)

/* KeyValue => key=1 create_revision=2 mod_revision=3 version=4 value=5 lease=6 */
export function readKeyValue(input: ProtoReader): KeyValue {
  const kv = input.inner()
  let key: Buffer = NO_BYTES
  let value: Buffer = NO_BYTES
  let createRevision = 0
  let modRevision = 0
  let version = 0
  let lease = 0n
  while (kv.at < kv.end) {
    const tag = kv.varint()
    if (tag === 0x0a) key = kv.bytes()
    else if (tag === 0x10) createRevision = kv.varint()
    else if (tag === 0x18) modRevision = kv.varint()
    else if (tag === 0x20) version = kv.varint()
    else if (tag === 0x2a) value = kv.bytes()
    else if (tag === 0x30) lease = kv.bigVarint()
    else kv.skip(tag)
  }
  return { key, value, createRevision, modRevision, version, lease }
}
