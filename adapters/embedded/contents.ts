/**
 * What a folder holds when it is opened. Every record is checked; what must be in memory is kept.
 * Neighbours: check.ts (the pages), records.ts (bytes), disk.ts.
 */
import type { Key, KeyValue, LeaseId } from '../../lib/store/types.ts'
import { KeyIndex } from '../mvcc/key-index.ts'
import type { StoredLease } from '../mvcc/leases.ts'
import { checkDataFile, DamageError } from './check.ts'
import { damaged, fromFileSystem } from './errors.ts'
import { checkFormat, dataFile } from './folder.ts'
import {
  decodeKv,
  decodeLease,
  decodeLongKv,
  decodeState,
  FORMAT,
  isIntact,
  type StoredState,
} from './records.ts'

/** A key that is too long for the database's own keys, and its number in the table `long`. */
export interface LongKey {
  readonly key: Key
  readonly id: bigint
  kv: KeyValue
}

/** What the folder held when it was opened. */
export interface Contents {
  readonly state: StoredState
  readonly leases: readonly StoredLease[]
  /** Keys that are bound to a lease. */
  readonly bound: readonly { readonly key: Key; readonly lease: LeaseId }[]
}

export interface Found extends Contents {
  readonly isNew: boolean
  /** Of all tables. */
  readonly records: number
  readonly long: KeyIndex<LongKey>
  readonly lastLongId: bigint
}

export function nothing(): Found {
  const state = { format: FORMAT, revision: 1, lastLeaseId: 0n }
  return {
    isNew: true,
    records: 0,
    state,
    leases: [],
    bound: [],
    long: new KeyIndex(),
    lastLongId: 0n,
  }
}

/** Reads and checks every record of the data file. @throws {StoreError} STORE_INTERNAL: damaged */
export async function readAll(folder: string): Promise<Found> {
  const leases: StoredLease[] = []
  const bound: { key: Key; lease: LeaseId }[] = []
  const long = new KeyIndex<LongKey>()
  let lastLongId = 0n
  let state: StoredState | undefined
  let records = 0
  const keep = (kv: KeyValue): void => {
    if (kv.lease !== 0n) bound.push({ key: new Uint8Array(kv.key), lease: kv.lease })
  }
  try {
    await checkDataFile(dataFile(folder), (table, key, record) => {
      records++
      if (!isIntact(key, record)) {
        throw new DamageError(`a record of table "${table}" has a wrong checksum`)
      }
      if (table === 'keys') keep(decodeKv(key, record))
      else if (table === 'leases') leases.push(decodeLease(key, record))
      else if (table === 'state') state = decodeState(record)
      else if (table === 'long') {
        const kv = decodeLongKv(Buffer.from(record))
        const id = key.readBigUInt64BE(0)
        if (id > lastLongId) lastLongId = id
        long.insert({ key: kv.key, id, kv })
        keep(kv)
      }
    })
  } catch (error) {
    if (error instanceof DamageError) throw damaged(folder, error.message, error)
    throw fromFileSystem(error, folder)
  }
  if (state === undefined) {
    // A first start that ended before its first commit.
    if (records === 0) return nothing()
    throw damaged(folder, 'the record of its state is gone')
  }
  checkFormat(folder, state.format)
  return { isNew: false, records, state, leases, bound, long, lastLongId }
}
