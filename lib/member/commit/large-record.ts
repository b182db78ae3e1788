/**
 * Will an entry, or a record that is planned, have more bytes than one transaction of the store carries?
 * Neighbours: batch-planner, lib/migrate/tail-plan.
 */
import type { Op } from '../../format/ops.ts'
import { znodeBytesMax } from '../../format/record.ts'
import type { StoreFeatures } from '../../store/types.ts'
import type { PlannedZnode, PlanView } from '../plan/view.ts'

/** Reserved in a value and a txn for the entry's header, head, keys and framing, bytes. */
export const OVERHEAD_BYTES = 4_096

/** What the transactions of one entry may have, bytes. */
export const entryBytesMax = ({ valueBytesMax }: StoreFeatures): number =>
  valueBytesMax - OVERHEAD_BYTES

/** What a record may have, its path included, bytes. */
export const recordBytesMax = ({ valueBytesMax, txnBytesMax }: StoreFeatures): number =>
  Math.min(valueBytesMax, txnBytesMax - OVERHEAD_BYTES)

/** Of the largest record that the request changes: no fewer bytes than it has, its path included. Data and ACL may have come apart. */
export function largestRecord(view: PlanView): number {
  let largest = 0
  for (const op of view.ops) {
    if (!changesRecord(op)) continue
    const node = view.planned(op.path)
    if (node !== undefined) largest = Math.max(largest, bytesMaxOf(op.path, node))
  }
  return largest
}

/**
 * Has a record that the request changes more bytes than that? Of data and ACL a small change of the one makes a large record where
 * the other is large.
 */
export function hasLargerRecord(view: PlanView, bytesMax: number): boolean {
  return view.ops.some((op) => {
    if (!changesRecord(op)) return false
    const node = view.planned(op.path)
    if (node === undefined || roughBytes(op.path, node) <= bytesMax) return false
    return bytesMaxOf(op.path, node) > bytesMax
  })
}

/** Does it give a znode other data or another ACL? */
function changesRecord(op: Op): op is Extract<Op, { type: 'create' | 'setData' | 'setACL' }> {
  return op.type === 'create' || op.type === 'setData' || op.type === 'setACL'
}

const bytesMaxOf = (path: string, node: Readonly<PlannedZnode>): number =>
  znodeBytesMax(node) + Buffer.byteLength(path)

/** Bytes of a UTF-16 unit in the JSON of a record, at most. */
const UNIT_BYTES_MAX = 6
/** Of what an ACL entry has beside its names, and of the rest of a header; ample. */
const REST_BYTES = 1_024

/** More bytes than the record has, without writing it: this is computed for each request. */
function roughBytes(path: string, { acl, dataLength }: Readonly<PlannedZnode>): number {
  let units = path.length
  for (const { id } of acl) units += id.scheme.length + id.id.length
  return dataLength + UNIT_BYTES_MAX * units + REST_BYTES * (1 + acl.length)
}
