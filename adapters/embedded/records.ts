/**
 * Bytes on disk. Every record begins with the CRC-32 of its key and its remaining bytes, as the
 * database has no checksums. A change here is a new FORMAT. Neighbours: disk.ts, contents.ts.
 */
import * as zlib from 'node:zlib'
import type { Key, KeyValue, LeaseId, Revision } from '../../lib/store/types.ts'
import type { StoredLease } from '../mvcc/leases.ts'

/** Format of the records and tables. Checked at every open. */
export const FORMAT = 1

/** Longer keys do not fit the database: they are stored in the table `long`, under a number. */
export const TREE_KEY_BYTES_MAX = 1_024

export interface StoredState {
  readonly format: number
  readonly revision: Revision
  readonly lastLeaseId: LeaseId
}

/* kv => crc:u32 createRevision:f64 modRevision:f64 version:f64 lease:u64 value:rest */
const KV_HEADER_BYTES = 36

export function encodeKv(kv: KeyValue): Buffer {
  const record = Buffer.allocUnsafe(KV_HEADER_BYTES + kv.value.length)
  record.writeDoubleBE(kv.createRevision, 4)
  record.writeDoubleBE(kv.modRevision, 12)
  record.writeDoubleBE(kv.version, 20)
  record.writeBigUInt64BE(kv.lease, 28)
  record.set(kv.value, KV_HEADER_BYTES)
  return sealed(kv.key, record)
}

export function decodeKv(key: Key, record: Buffer): KeyValue {
  return {
    key,
    value: record.subarray(KV_HEADER_BYTES),
    createRevision: record.readDoubleBE(4),
    modRevision: record.readDoubleBE(12),
    version: record.readDoubleBE(20),
    lease: record.readBigUInt64BE(28),
  }
}

/* longKv => crc:u32 keyBytes:u32 key kv, under a number of eight bytes */
export function encodeLongKv(id: Buffer, kv: KeyValue): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(kv.key.length, 4)
  return sealed(id, Buffer.concat([head, kv.key, encodeKv(kv)]))
}

export function decodeLongKv(record: Buffer): KeyValue {
  const end = 8 + record.readUInt32BE(4)
  return decodeKv(record.subarray(8, end), record.subarray(end))
}

/* lease => crc:u32 ttlMs:f64, under its id of eight bytes */
export function encodeLease(lease: StoredLease): Buffer {
  const record = Buffer.alloc(12)
  record.writeDoubleBE(lease.ttlMs, 4)
  return sealed(idKey(lease.id), record)
}

export function decodeLease(key: Buffer, record: Buffer): StoredLease {
  return { id: key.readBigUInt64BE(0), ttlMs: record.readDoubleBE(4) }
}

/** A number as a key. */
export function idKey(id: bigint): Buffer {
  const key = Buffer.alloc(8)
  key.writeBigUInt64BE(id)
  return key
}

/** The one record of the state table. */
export const STATE_KEY = Buffer.from('state')

/* state => crc:u32 format:u32 revision:f64 lastLeaseId:u64 */
export function encodeState(state: StoredState): Buffer {
  const record = Buffer.alloc(24)
  record.writeUInt32BE(state.format, 4)
  record.writeDoubleBE(state.revision, 8)
  record.writeBigUInt64BE(state.lastLeaseId, 16)
  return sealed(STATE_KEY, record)
}

export function decodeState(record: Buffer): StoredState {
  return {
    format: record.readUInt32BE(4),
    revision: record.readDoubleBE(8),
    lastLeaseId: record.readBigUInt64BE(16),
  }
}

/** Is the record as it was written, under the key it was written for? */
export function isIntact(key: Uint8Array, record: Buffer): boolean {
  return record.length >= 4 && record.readUInt32BE(0) === crcOf(key, record)
}

function sealed(key: Uint8Array, record: Buffer): Buffer {
  record.writeUInt32BE(crcOf(key, record), 0)
  return record
}

function crcOf(key: Uint8Array, record: Buffer): number {
  return crc32(record.subarray(4), crc32(key, 0))
}

type Crc32 = (bytes: Uint8Array, before: number) => number

/** Node's own from 20.15 on; the same by a table on older ones. */
const crc32: Crc32 = (zlib as { crc32?: Crc32 }).crc32 ?? crc32ByTable

let table: Uint32Array | undefined

/** The reflected polynomial 0xEDB88320, as in zlib. */
export function crc32ByTable(bytes: Uint8Array, before: number): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1
    return n
  })
  let crc = ~before
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!
  return ~crc >>> 0
}
