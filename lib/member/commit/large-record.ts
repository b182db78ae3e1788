/** Will a record that is planned have more bytes than one transaction of the store carries? Neighbour: batch-planner. */
import { znodeBytesMax } from '../../format/record.ts'
import type { StoreFeatures } from '../../store/types.ts'
import type { PlanView } from '../plan/view.ts'

/** Data and ACL may have come apart. `overheadBytes`: what the transaction has beside a record. */
export function hasTooLargeRecord(
  view: PlanView,
  { valueBytesMax, txnBytesMax }: StoreFeatures,
  overheadBytes: number,
): boolean {
  const bytesMax = Math.min(valueBytesMax, txnBytesMax - overheadBytes)
  return view.ops.some((op) => {
    if (op.type !== 'create' && op.type !== 'setData' && op.type !== 'setACL') return false
    const node = view.planned(op.path)
    if (node === undefined) return false
    return znodeBytesMax(node) + Buffer.byteLength(op.path) > bytesMax
  })
}
