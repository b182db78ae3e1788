/**
 * etcd's RangeRequest and RangeResponse as bytes. A load reads a million records with them.
 * Source: etcd's rpc.proto. Neighbours: etcd-store.ts, protobuf.ts.
 */
import type { Key, KeyValue, RangeQuery } from '../../lib/store/types.ts'
import {
  field,
  type Header,
  ProtoReader,
  ProtoWriter,
  readHeader,
  readKeyValue,
  varintSize,
} from './protobuf.ts'

/* RangeRequest => key=1 range_end=2 limit=3 revision=4 sort_order=5 sort_target=6 keys_only=8 */
const TAG = {
  key: 0x0a,
  rangeEnd: 0x12,
  limit: 0x18,
  revision: 0x20,
  sortOrder: 0x28,
  keysOnly: 0x40,
} as const
const DESCEND = 2

/** The empty key means "none" to etcd; this is the smallest key that can exist. */
const SMALLEST_KEY = Uint8Array.of(0)

/** The lower end of a range; the empty key stands for the smallest. */
export function toStart(start: Key): Key {
  return start.length === 0 ? SMALLEST_KEY : start
}

export function encodeRange(query: RangeQuery): Buffer {
  const { end, revision = 0, countMax = 0, keysOnly = false, descending = false } = query
  const start = toStart(query.start)
  const size =
    field(start.length) +
    (end === undefined ? 0 : field(end.length)) +
    (countMax === 0 ? 0 : 1 + varintSize(countMax)) +
    (revision === 0 ? 0 : 1 + varintSize(revision)) +
    (descending ? 2 : 0) +
    (keysOnly ? 2 : 0)
  const out = new ProtoWriter(size)
  out.bytes(TAG.key, start)
  if (end !== undefined) out.bytes(TAG.rangeEnd, end)
  if (countMax !== 0) out.number(TAG.limit, countMax)
  if (revision !== 0) out.number(TAG.revision, revision)
  // The sort target is the key, which is 0.
  if (descending) out.number(TAG.sortOrder, DESCEND)
  if (keysOnly) out.number(TAG.keysOnly, 1)
  return out.toBytes()
}

export interface RangeAnswer extends Header {
  readonly kvs: KeyValue[]
  readonly more: boolean
}

/* RangeResponse => header=1 kvs=2* more=3 count=4 */
/** Keys and values are views of `bytes`. @throws {StoreError} STORE_INTERNAL when malformed. */
export function decodeRangeAnswer(bytes: Buffer): RangeAnswer {
  const input = new ProtoReader(bytes)
  const kvs: KeyValue[] = []
  let more = false
  let header: Header = { clusterId: '0', revision: 0 }
  while (input.at < input.end) {
    const tag = input.varint()
    if (tag === 0x0a) header = readHeader(input)
    else if (tag === 0x12) kvs.push(readKeyValue(input))
    else if (tag === 0x18) more = input.varint() !== 0
    else input.skip(tag)
  }
  return { ...header, kvs, more }
}
