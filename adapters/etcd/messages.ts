/** Reads of the contract ⇄ the driver's messages, without copies of keys or values. Neighbour: txn-codec. */
import { type IKeyValue, type IRangeRequest, SortOrder, SortTarget } from 'etcd3'
import type { Key, KeyValue, RangeQuery } from '../../lib/store/types.ts'
import { fromInt64, leaseFromInt64 } from './int64.ts'

/** The empty key means "none" to etcd; this is the first one that can exist. */
const SMALLEST_KEY = Buffer.of(0)

/** The same bytes as a Buffer, which the driver wants. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The lower end of a range; empty stands for the first key. */
export function toStart(start: Key): Buffer {
  return start.length === 0 ? SMALLEST_KEY : toBuffer(start)
}

export function toRangeRequest(query: RangeQuery): IRangeRequest {
  const request: IRangeRequest = { key: toStart(query.start) }
  if (query.end !== undefined) request.range_end = toBuffer(query.end)
  if (query.revision) request.revision = query.revision
  if (query.countMax !== undefined) request.limit = query.countMax
  if (query.keysOnly) request.keys_only = true
  if (query.descending) {
    request.sort_order = SortOrder.Descend
    request.sort_target = SortTarget.Key
  }
  return request
}

export function toKeyValue(kv: IKeyValue): KeyValue {
  return {
    key: kv.key,
    value: kv.value,
    createRevision: fromInt64(kv.create_revision),
    modRevision: fromInt64(kv.mod_revision),
    version: fromInt64(kv.version),
    lease: leaseFromInt64(kv.lease),
  }
}
