/**
 * etcd's TxnRequest and TxnResponse as bytes, without the driver's objects: a commit of a thousand
 * puts is encoded in one pass into one buffer, and only what the contract needs of the answer is
 * read. Source: etcd's rpc.proto and proto3's encoding. Neighbours: members.ts, protobuf.ts.
 */
import type { Compare, Txn, WriteOp } from '../../lib/store/types.ts'
import {
  bigVarintSize,
  field,
  type Header,
  ProtoReader,
  ProtoWriter,
  readHeader,
  varintSize,
} from './protobuf.ts'
import { toStart } from './range-codec.ts'

/* TxnRequest  => compare=1* success=2* */
const TXN = { compare: 0x0a, success: 0x12 } as const
/* Compare     => target=2 key=3 (version=4 | create_revision=5 | mod_revision=6 | value=7);
                  result=1 is EQUAL, 0 */
const COMPARE = { target: 0x10, key: 0x1a, value: 0x3a } as const
const TARGET = { version: 0, createRevision: 1, modRevision: 2, value: 3 } as const
const NUMBER_TAG = { version: 0x20, createRevision: 0x28, modRevision: 0x30 } as const
/* RequestOp   => request_put=2 | request_delete_range=3 */
const OP = { put: 0x12, deleteRange: 0x1a } as const
/* PutRequest  => key=1 value=2 lease=3;  DeleteRangeRequest => key=1 range_end=2 */
const PUT = { key: 0x0a, value: 0x12, lease: 0x18 } as const
const DELETE = { key: 0x0a, rangeEnd: 0x12 } as const

function compareBytes(compare: Compare): number {
  const union =
    compare.target === 'value' ? field(compare.equals.length) : 1 + varintSize(compare.equals)
  return 2 + field(compare.key.length) + union
}

function writeCompare(out: ProtoWriter, compare: Compare): void {
  out.open(TXN.compare, compareBytes(compare))
  out.number(COMPARE.target, TARGET[compare.target])
  out.bytes(COMPARE.key, compare.key)
  if (compare.target === 'value') out.bytes(COMPARE.value, compare.equals)
  else out.number(NUMBER_TAG[compare.target], compare.equals)
}

/** Size of the PutRequest or DeleteRangeRequest itself. */
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

function writeOp(out: ProtoWriter, op: WriteOp, inner: number): void {
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
  const out = new ProtoWriter(size)
  for (const compare of compares) writeCompare(out, compare)
  ops.forEach((op, i) => {
    writeOp(out, op, inners[i] as number)
  })
  return out.toBytes()
}

/** What the contract needs of an answer, and which cluster gave it. */
export interface TxnAnswer extends Header {
  readonly succeeded: boolean
}

/* TxnResponse => header=1 succeeded=2 responses=3* */
/** @throws {StoreError} STORE_INTERNAL when `bytes` is not a TxnResponse. */
export function decodeTxnAnswer(bytes: Buffer): TxnAnswer {
  const input = new ProtoReader(bytes)
  let succeeded = false
  let header: Header = { clusterId: '0', revision: 0 }
  while (input.at < input.end) {
    const tag = input.varint()
    if (tag === 0x0a) header = readHeader(input)
    else if (tag === 0x10) succeeded = input.varint() !== 0
    else input.skip(tag)
  }
  return { succeeded, ...header }
}
