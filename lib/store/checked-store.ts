/**
 * Validation for all adapters, written once: arguments, limits, keys touched twice, closed state, and that nothing but a
 * StoreError comes out. An adapter hands out `checkedStore(itself)`. Neighbours: metadata-store.ts, store-failure, adapters/*.
 */
import { StoreError, type StoreOutcome } from '../model/errors.ts'
import { bytesId, compareBytes } from './bytes.ts'
import type { MetadataStore } from './metadata-store.ts'
import { storeFailure } from './store-failure.ts'
import { txnBytes } from './txn-size.ts'
import {
  type CompactOptions,
  type Compare,
  KEY_BYTES_MAX,
  type Key,
  type Lease,
  type LeaseId,
  type RangeQuery,
  type RangeResult,
  type ReclaimOptions,
  type Revision,
  type StoreFeatures,
  type StoreSpace,
  type Txn,
  type TxnOptions,
  type TxnResult,
  type WatchBatch,
  type WatchOptions,
  type WriteOp,
} from './types.ts'

/** Unit: ms. */
export const LEASE_TTL_MS_MIN = 1_000
/** Unit: ms. One day. */
export const LEASE_TTL_MS_MAX = 86_400_000

const LEASE_ID_MAX = 2n ** 63n - 1n
const SMALLEST_KEY = Uint8Array.of(0)

/**
 * The store behind a door that lets only well-formed calls through, so the adapter need not check.
 * A refused call never reaches the adapter: STORE_INVALID, STORE_TOO_LARGE and STORE_CLOSED, all
 * `unapplied`. Whatever else the adapter throws comes out as STORE_INTERNAL, of a write with the outcome
 * unknown. A store that is behind such a door already is returned as it is.
 */
export function checkedStore(store: MetadataStore): MetadataStore {
  return store instanceof CheckedStore ? store : new CheckedStore(store)
}

/** `outcome`: of a call that failed without saying it. */
async function declared<T>(outcome: StoreOutcome, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw storeFailure(error, outcome)
  }
}

class CheckedStore implements MetadataStore {
  readonly space?: () => Promise<StoreSpace>
  readonly reclaim?: (options: ReclaimOptions) => Promise<void>
  readonly #store: MetadataStore
  #closing: Promise<void> | undefined

  constructor(store: MetadataStore) {
    this.#store = store
    if (store.space !== undefined) {
      this.space = async () => {
        this.#checkOpen()
        return declared('unapplied', async () => (await store.space?.()) as StoreSpace)
      }
    }
    if (store.reclaim !== undefined) {
      this.reclaim = async (options) => {
        this.#checkOpen()
        await declared('unknown', async () => store.reclaim?.(options))
      }
    }
  }

  get features(): StoreFeatures {
    return this.#store.features
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    this.#checkOpen()
    if (query.end === undefined) checkKey(query.start)
    else checkSpan(query.start, query.end)
    if (query.revision !== undefined) checkCount('revision', query.revision, 0)
    if (query.countMax !== undefined) checkCount('countMax', query.countMax, 1)
    return declared('unapplied', () => this.#store.range(query))
  }

  async txn(txn: Txn, options?: TxnOptions): Promise<TxnResult> {
    this.#checkOpen()
    checkTxn(txn, this.features)
    return declared('unknown', () => this.#store.txn(txn, options))
  }

  async *watch(options: WatchOptions): AsyncGenerator<WatchBatch> {
    this.#checkOpen()
    checkSpan(options.start, options.end)
    checkCount('fromRevision', options.fromRevision, 1)
    if (options.signal.aborted) return
    try {
      yield* this.#store.watch(options)
    } catch (error) {
      throw storeFailure(error, 'unapplied')
    }
  }

  async grantLease(options: { readonly ttlMs: number }): Promise<Lease> {
    this.#checkOpen()
    const { ttlMs } = options
    if (!(ttlMs >= LEASE_TTL_MS_MIN && ttlMs <= LEASE_TTL_MS_MAX)) {
      throw invalid(`ttlMs must be ${LEASE_TTL_MS_MIN} to ${LEASE_TTL_MS_MAX}, not ${ttlMs}`)
    }
    return declared('unknown', () => this.#store.grantLease(options))
  }

  async keepLeaseAlive(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    this.#checkOpen()
    checkLeaseId(id)
    return declared('unknown', () => this.#store.keepLeaseAlive(id))
  }

  async revokeLease(id: LeaseId): Promise<void> {
    this.#checkOpen()
    checkLeaseId(id)
    return declared('unknown', () => this.#store.revokeLease(id))
  }

  async compact(revision: Revision, options?: CompactOptions): Promise<void> {
    this.#checkOpen()
    checkCount('revision', revision, 1)
    return declared('unknown', () => this.#store.compact(revision, options))
  }

  close(): Promise<void> {
    this.#closing ??= declared('unapplied', () => this.#store.close())
    return this.#closing
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('STORE_CLOSED', 'the store is closed')
  }
}

function invalid(message: string): StoreError {
  return new StoreError('STORE_INVALID', message)
}

function tooLarge(what: string, actual: number, max: number): StoreError {
  return new StoreError('STORE_TOO_LARGE', `${what}: ${actual}, at most ${max} are possible`)
}

function checkCount(name: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min) {
    throw invalid(`${name} must be a whole number of at least ${min}, not ${value}`)
  }
}

function checkBytes(what: string, bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) throw invalid(`${what} must be a Uint8Array`)
}

function checkKey(key: Key): void {
  checkBytes('a key', key)
  if (key.length === 0 || key.length > KEY_BYTES_MAX) {
    throw invalid(`a key has 1 to ${KEY_BYTES_MAX} bytes, not ${key.length}`)
  }
}

/**
 * `start` may be empty: from the first key on. The empty range is refused: etcd reads it as "all".
 */
function checkSpan(start: Key, end: Key): void {
  checkBytes('start', start)
  if (start.length > KEY_BYTES_MAX) throw invalid(`start has more than ${KEY_BYTES_MAX} bytes`)
  checkKey(end)
  if (compareBytes(start.length === 0 ? SMALLEST_KEY : start, end) >= 0) {
    throw invalid('start must sort before end')
  }
}

function checkLeaseId(id: LeaseId): void {
  if (typeof id !== 'bigint' || id <= 0n || id > LEASE_ID_MAX) {
    throw invalid(`a lease id is a bigint of 1 to 2^63-1, not ${id}`)
  }
}

function checkTxn(txn: Txn, features: StoreFeatures): void {
  const { ops, compares } = txn
  if (ops.length > features.txnOpsMax) {
    throw tooLarge('ops in one txn', ops.length, features.txnOpsMax)
  }
  if (compares.length > features.txnOpsMax) {
    throw tooLarge('compares in one txn', compares.length, features.txnOpsMax)
  }
  for (const compare of compares) checkCompare(compare)
  for (const op of ops) checkOp(op, features)
  const bytes = txnBytes(txn)
  if (bytes > features.txnBytesMax) {
    throw tooLarge('bytes in one txn', bytes, features.txnBytesMax)
  }
  checkTouchedOnce(ops)
}

function checkCompare(compare: Compare): void {
  checkKey(compare.key)
  switch (compare.target) {
    case 'version':
    case 'modRevision':
    case 'createRevision':
      checkCount('equals', compare.equals, 0)
      break
    case 'value':
      checkBytes('equals', compare.equals)
      break
    default:
      throw invalid('unknown compare target')
  }
}

function checkOp(op: WriteOp, features: StoreFeatures): void {
  switch (op.type) {
    case 'put':
      checkKey(op.key)
      checkBytes('a value', op.value)
      if (op.value.length > features.valueBytesMax) {
        throw tooLarge('bytes in one value', op.value.length, features.valueBytesMax)
      }
      if (op.lease !== undefined && op.lease !== 0n) checkLeaseId(op.lease)
      break
    case 'delete':
      checkKey(op.key)
      break
    case 'deleteRange':
      checkSpan(op.start, op.end)
      break
    default:
      throw invalid('unknown op type')
  }
}

/** One op a key, ranges included. O(n log r): a txn may carry thousands of ops. */
function checkTouchedOnce(ops: readonly WriteOp[]): void {
  const spans: { readonly start: Key; readonly end: Key }[] = []
  const keys: Key[] = []
  for (const op of ops) {
    if (op.type === 'deleteRange') spans.push(op)
    else keys.push(op.key)
  }
  if (hasTwice(keys)) throw invalid('a key is touched twice in one txn')
  if (spans.length === 0) return
  spans.sort((a, b) => compareBytes(a.start, b.start))
  for (let i = 1; i < spans.length; i++) {
    if (compareBytes(spans[i]!.start, spans[i - 1]!.end) < 0) {
      throw invalid('two deleteRanges of one txn overlap')
    }
  }
  for (const op of ops) {
    if (op.type !== 'deleteRange' && isInside(spans, op.key)) {
      throw invalid('a key is touched twice in one txn, once by a deleteRange')
    }
  }
}

/** By hashes first: they nearly always differ, and cost a third of what strings for a Set do. */
function hasTwice(keys: readonly Key[]): boolean {
  const hashes = new Set<number>()
  for (const key of keys) hashes.add(hashOf(key))
  if (hashes.size === keys.length) return false
  return new Set(keys.map(bytesId)).size !== keys.length
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash
}

/** `spans` are sorted and disjoint. */
function isInside(spans: readonly { start: Key; end: Key }[], key: Key): boolean {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(spans[middle]!.start, key) <= 0) low = middle + 1
    else high = middle
  }
  return low > 0 && compareBytes(key, spans[low - 1]!.end) < 0
}
