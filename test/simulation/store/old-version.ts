/**
 * The store as version 0.1.0 sees it, for a proxy that runs today's code: it says nothing of the formats that
 * it reads, which means 2; so all write that one. An entry of format 3 it cannot read, unless its records are
 * written behind, for then it does not look at it. Neighbours: sim-store, proxy/sim-proxy.
 */
import { decodeHead } from '../../../lib/format/head.ts'
import { decodeHeader, JOURNAL_FORMAT } from '../../../lib/format/journal.ts'
import { decodeProxy } from '../../../lib/format/record.ts'
import type {
  Key,
  KeyValue,
  Layout,
  MetadataStore,
  RangeResult,
  StoreEvent,
  WriteOp,
} from '../../../lib/internal.ts'
import { compareBytes } from '../../../lib/store/bytes.ts'

/** A format that no version has. */
const UNKNOWN_FORMAT = 31

export function asOldVersion(inner: MetadataStore, layout: Layout): MetadataStore {
  let flushed = 0
  // A peer that reads no more than format 2 and never leaves: so this proxy writes it from the first moment.
  const ghost: KeyValue = {
    key: layout.proxy('f'.repeat(16)),
    value: oldRecord(Buffer.from('{}')),
    createRevision: 1,
    modRevision: 1,
    version: 1,
    lease: 0n,
  }
  const isNewer = ({ key, value }: KeyValue): boolean =>
    isInKeyRange(key, layout.journal) && (value[0] as number) >= JOURNAL_FORMAT
  const seen = (kv: KeyValue): KeyValue => (isNewer(kv) ? unreadable(kv) : kv)

  function ranged({ kvs, ...rest }: RangeResult): RangeResult {
    const head = kvs.find(({ key }) => Buffer.compare(key, layout.head) === 0)
    if (head !== undefined) flushed = decodeHead(head.value).flushed
    const read = kvs.filter((kv) => !isNewer(kv) || decodeHeader(kv.value).seq > flushed)
    return { ...rest, kvs: read.map(seen) }
  }
  return {
    features: inner.features,
    async range(query) {
      const result = ranged(await inner.range(query))
      const isList = Buffer.compare(query.start, layout.proxies.start) === 0
      return isList ? { ...result, kvs: [...result.kvs, ghost] } : result
    },
    txn: (txn, options) => inner.txn({ ...txn, ops: txn.ops.map(written) }, options),
    async *watch(options) {
      for await (const { revision, events } of inner.watch(options)) {
        yield { revision, events: events.map(observed) }
      }
    },
    grantLease: (options) => inner.grantLease(options),
    keepLeaseAlive: (id) => inner.keepLeaseAlive(id),
    revokeLease: (id) => inner.revokeLease(id),
    compact: (revision) => inner.compact(revision),
    close: () => inner.close(),
  }

  function written(op: WriteOp): WriteOp {
    if (op.type !== 'put' || !isInKeyRange(op.key, layout.proxies)) return op
    return { ...op, value: oldRecord(op.value) }
  }

  function observed(event: StoreEvent): StoreEvent {
    return event.type === 'put' ? { type: 'put', kv: seen(event.kv) } : event
  }
}

function isInKeyRange(key: Key, { start, end }: { start: Key; end: Key }): boolean {
  return compareBytes(key, start) >= 0 && compareBytes(key, end) < 0
}

function unreadable(kv: KeyValue): KeyValue {
  const value = Buffer.from(kv.value)
  value[0] = UNKNOWN_FORMAT
  return { ...kv, value }
}

function oldRecord(value: Uint8Array): Uint8Array {
  const { address, ttlMs, leaving } = decodeProxy(value)
  return Buffer.from(JSON.stringify({ f: 1, address, ttlMs, leaving }))
}
