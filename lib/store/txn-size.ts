/**
 * How large a transaction counts against `features.txnBytesMax`. Neighbours: checked-store,
 * member/commit.
 */
import type { Compare, Txn, WriteOp } from './types.ts'

/**
 * Added for every op and every compare: the most that framing, revisions and lease ids cost on the
 * wire to a store. Unit: bytes. Source: protobuf encoding of etcd's RequestOp (≤ 28) and Compare (≤
 * 26).
 */
export const TXN_ITEM_OVERHEAD_BYTES = 32

/** Bytes one op counts for. */
export function opBytes(op: WriteOp): number {
  if (op.type === 'put') return op.key.length + op.value.length + TXN_ITEM_OVERHEAD_BYTES
  if (op.type === 'delete') return op.key.length + TXN_ITEM_OVERHEAD_BYTES
  return op.start.length + op.end.length + TXN_ITEM_OVERHEAD_BYTES
}

/** Bytes one compare counts for. */
export function compareSize(compare: Compare): number {
  const value = compare.target === 'value' ? compare.equals.length : 0
  return compare.key.length + value + TXN_ITEM_OVERHEAD_BYTES
}

/** Bytes a transaction counts for: the sum of its ops and compares. */
export function txnBytes(txn: Txn): number {
  let bytes = 0
  for (const op of txn.ops) bytes += opBytes(op)
  for (const compare of txn.compares) bytes += compareSize(compare)
  return bytes
}
