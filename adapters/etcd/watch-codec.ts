/**
 * etcd's WatchRequest and WatchResponse as bytes. Each commit comes back as a WatchResponse.
 * Source: etcd's rpc.proto. Neighbours: watch-stream.ts, protobuf.ts.
 */
import type { Key, Revision, StoreEvent } from '../../lib/store/types.ts'
import {
  field,
  type Header,
  ProtoReader,
  ProtoWriter,
  readHeader,
  readKeyValue,
  varintSize,
} from './protobuf.ts'

/* WatchRequest       => create_request=1 | progress_request=3
   WatchCreateRequest => key=1 range_end=2 start_revision=3 progress_notify=4 */
const TAG = {
  create: 0x0a,
  key: 0x0a,
  rangeEnd: 0x12,
  startRevision: 0x18,
  progress: 0x20,
} as const

/** Requests progress: an empty message in field 3. */
export const PROGRESS_REQUEST = Buffer.of(0x1a, 0)

/** Creates a watch. etcd also sends its progress to it from time to time. */
export function encodeWatchCreate(options: {
  readonly start: Key
  readonly end: Key
  readonly startRevision: Revision
}): Buffer {
  const { start, end, startRevision } = options
  const size = field(start.length) + field(end.length) + 1 + varintSize(startRevision) + 2
  const out = new ProtoWriter(field(size))
  out.open(TAG.create, size)
  out.bytes(TAG.key, start)
  out.bytes(TAG.rangeEnd, end)
  out.number(TAG.startRevision, startRevision)
  out.number(TAG.progress, 1)
  return out.toBytes()
}

export interface WatchAnswer extends Header {
  /** The answer to a manual progress request, which belongs to no watch. */
  readonly isManualProgress: boolean
  readonly created: boolean
  readonly canceled: boolean
  /** Above 0: the watch's start revision is compacted; this is the oldest that is left. */
  readonly compactRevision: Revision
  readonly cancelReason: string
  readonly events: readonly StoreEvent[]
}

/** −1, as an int64 on the wire. */
const MANUAL_PROGRESS_ID = 2n ** 64n - 1n

/* WatchResponse => header=1 watch_id=2 created=3 canceled=4 compact_revision=5 cancel_reason=6
                    fragment=7 events=11* */
/** Keys and values are views of `bytes`. @throws {StoreError} STORE_INTERNAL when malformed. */
export function decodeWatchAnswer(bytes: Buffer): WatchAnswer {
  const input = new ProtoReader(bytes)
  const events: StoreEvent[] = []
  let header: Header = { clusterId: '0', revision: 0 }
  let watchId = 0n
  let created = false
  let canceled = false
  let compactRevision = 0
  let cancelReason = ''
  while (input.at < input.end) {
    const tag = input.varint()
    if (tag === 0x0a) header = readHeader(input)
    else if (tag === 0x10) watchId = input.bigVarint()
    else if (tag === 0x18) created = input.varint() !== 0
    else if (tag === 0x20) canceled = input.varint() !== 0
    else if (tag === 0x28) compactRevision = input.varint()
    else if (tag === 0x32) cancelReason = input.bytes().toString()
    else if (tag === 0x5a) events.push(readEvent(input))
    else input.skip(tag)
  }
  const isManualProgress = watchId === MANUAL_PROGRESS_ID
  return { ...header, isManualProgress, created, canceled, compactRevision, cancelReason, events }
}

/* Event => type=1 (0 put, 1 delete) kv=2 prev_kv=3 */
function readEvent(input: ProtoReader): StoreEvent {
  const event = input.inner()
  let isDelete = false
  let kv = NOTHING
  while (event.at < event.end) {
    const tag = event.varint()
    if (tag === 0x08) isDelete = event.varint() === 1
    else if (tag === 0x12) kv = readKeyValue(event)
    else event.skip(tag)
  }
  return isDelete
    ? { type: 'delete', key: kv.key, modRevision: kv.modRevision }
    : { type: 'put', kv }
}

const NOTHING = readKeyValue(new ProtoReader(Buffer.of(0)))
