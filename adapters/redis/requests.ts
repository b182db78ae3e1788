/** The contract's types → the arguments of the scripts in lua-scripts.ts. */
import type { Compare, Key, LeaseId, RangeQuery, Txn, WriteOp } from '../../lib/store/types.ts'
import type { Arg } from './link.ts'
import { LARGE_BYTES, writeNumber } from './records.ts'

const TARGETS = { createRevision: 'c', modRevision: 'm', version: 'v', value: '=' } as const
const NOTHING = Buffer.alloc(0)
/** kind, and the lengths of key and operand. */
const ITEM_HEAD_BYTES = 9

interface Item {
  readonly kind: string
  readonly key: Uint8Array
  readonly operand: Uint8Array
}

/**
 * Count of compares, count of ops, one string with all of them, then the large values. One string,
 * as each argument costs the driver a microsecond.
 */
export function txnArgs({ compares, ops }: Txn): Arg[] {
  const large: Buffer[] = []
  const items = [...compares.map(itemOfCompare), ...ops.map((op) => itemOfOp(op, large))]
  return [compares.length, ops.length, packed(items), ...large]
}

/** First, last, count, direction, values, bytes: one page of the newest state. */
export function rangeArgs(
  query: Pick<RangeQuery, 'start' | 'end' | 'descending' | 'keysOnly'>,
  limits: { readonly countMax: number; readonly bytesMax: number },
): Arg[] {
  const { start, end, descending = false, keysOnly = false } = query
  return [
    end === undefined ? toBuffer(start) : from(start),
    end === undefined ? NOTHING : before(end),
    limits.countMax,
    descending ? '-' : '+',
    keysOnly ? '0' : '1',
    limits.bytesMax,
  ]
}

/** 8 bytes. */
export function leaseBytes(id: LeaseId): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(id)
  return bytes
}

function itemOfCompare(compare: Compare): Item {
  const { key, target } = compare
  const operand = compare.target === 'value' ? compare.equals : numberBytes(compare.equals)
  return { kind: TARGETS[target], key, operand }
}

/** A large value is an argument of its own, so that Lua need not copy it out of the string. */
function itemOfOp(op: WriteOp, large: Buffer[]): Item {
  switch (op.type) {
    case 'put': {
      const { key, value } = op
      const lease = op.lease ? leaseBytes(op.lease) : NOTHING
      if (value.length >= LARGE_BYTES) {
        large.push(toBuffer(value))
        return { kind: op.lease ? 'L' : 'P', key, operand: lease }
      }
      if (!op.lease) return { kind: 'p', key, operand: value }
      return { kind: 'l', key, operand: Buffer.concat([lease, value]) }
    }
    case 'delete':
      return { kind: 'd', key: op.key, operand: NOTHING }
    case 'deleteRange':
      return { kind: 'r', key: from(op.start), operand: before(op.end) }
  }
}

function packed(items: readonly Item[]): Buffer {
  let length = 0
  for (const { key, operand } of items) length += ITEM_HEAD_BYTES + key.length + operand.length
  const bytes = Buffer.allocUnsafe(length)
  let at = 0
  for (const { kind, key, operand } of items) {
    at = bytes.writeUInt8(kind.charCodeAt(0), at)
    at = bytes.writeUInt32BE(key.length, at)
    bytes.set(key, at)
    at = bytes.writeUInt32BE(operand.length, at + key.length)
    bytes.set(operand, at)
    at += operand.length
  }
  return bytes
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  writeNumber(bytes, value, 0)
  return bytes
}

/** In ZRANGEBYLEX's notation. */
function from(start: Key): Buffer {
  return start.length === 0 ? Buffer.from('-') : Buffer.concat([Buffer.from('['), start])
}

function before(end: Key): Buffer {
  return Buffer.concat([Buffer.from('('), end])
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
