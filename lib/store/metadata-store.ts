/**
 * THE store contract: ordered keys with revisions. Everything ZooKeeper-like lives above it, once.
 * Neighbours: member/commit (writes), member/tree/feed (watches), adapters/* (implementations).
 */
import type {
  CompactOptions,
  Lease,
  LeaseId,
  RangeQuery,
  RangeResult,
  ReclaimOptions,
  Revision,
  StoreFeatures,
  StoreSpace,
  Txn,
  TxnOptions,
  TxnResult,
  WatchBatch,
  WatchOptions,
} from './types.ts'

/**
 * An ordered, revisioned key-value store with guarded transactions, a resumable change feed and
 * leases. Every method rejects with {@link StoreError} only: `STORE_UNAVAILABLE` or `STORE_TIMEOUT`
 * when the store cannot be reached in time, `STORE_CLOSED` after {@link close}. A write that fails
 * with `outcome: 'unknown'` may still take effect later; no method retries a write by itself.
 */
export interface MetadataStore {
  /** What this store promises, and its bounds. */
  readonly features: StoreFeatures

  /**
   * Keys of [start, end) in byte order. Linearizable unless `revision` is given.
   * @throws {StoreError} STORE_COMPACTED when `revision` is older than the last compaction;
   * STORE_INVALID when it lies in the future or the range is empty.
   */
  range(query: RangeQuery): Promise<RangeResult>

  /**
   * One atomic, linearizable, guarded write.
   * @throws {StoreError} STORE_TOO_LARGE (unapplied) beyond txnOpsMax, txnBytesMax or
   * valueBytesMax; STORE_INVALID (unapplied) when a key is touched twice or an op is malformed;
   * STORE_LEASE_NOT_FOUND (unapplied) when a put names a lease that is gone; STORE_NO_SPACE when
   * the store's quota is used up (etcd: with outcome `unknown`).
   */
  txn(txn: Txn, options?: TxnOptions): Promise<TxnResult>

  /**
   * The ordered change feed of a range. The iteration reconnects by itself after the last batch
   * it delivered, loses nothing and doubles nothing, and yields empty batches as progress at least
   * every few seconds while the store answers. Laws (etcd's robustness suite): Ordered, Unique,
   * Atomic, Reliable, Resumable, Bookmarkable.
   * @throws {StoreError} STORE_COMPACTED when `fromRevision`, or the place to resume at, is gone:
   * list the range again and watch from the list's revision + 1. STORE_CLOSED when the store
   * closes.
   */
  watch(options: WatchOptions): AsyncIterable<WatchBatch>

  /**
   * A new lease of at least `ttlMs` milliseconds (1,000 … 86,400,000).
   * @throws {StoreError} STORE_INVALID when `ttlMs` is not within these bounds
   */
  grantLease(options: { readonly ttlMs: number }): Promise<Lease>

  /**
   * Renews to the full TTL, counted from when the store saw it.
   * @throws {StoreError} STORE_LEASE_NOT_FOUND when it has expired or was revoked.
   */
  keepLeaseAlive(id: LeaseId): Promise<{ readonly ttlMs: number }>

  /**
   * Ends the lease; its keys vanish under one revision. A lease that is gone already is no error.
   */
  revokeLease(id: LeaseId): Promise<void>

  /**
   * Forgets history before `revision` (inclusive of older states; the state at `revision` stays
   * readable). An already compacted revision is no error.
   * @throws {StoreError} STORE_INVALID when `revision` lies in the future; with `freedMs`: STORE_TIMEOUT when the space is
   * not free by then; the store continues
   */
  compact(revision: Revision, options?: CompactOptions): Promise<void>

  /**
   * How much room there is. Absent: the store does not report it.
   * @throws {StoreError} STORE_UNAUTHENTICATED when this user may not know; STORE_UNSUPPORTED when the server
   * does not report it
   */
  space?(): Promise<StoreSpace>

  /**
   * Does, as far as it helps now, what gives space back but is not done by the store itself, one step after the
   * other: gives up history, returns what is taken but not in use, allows writes again. Resolves when
   * there is nothing to do. Absent: the store needs no such thing.
   * @throws {StoreError} STORE_UNAUTHENTICATED when this user may not; STORE_UNAVAILABLE unless all members answer;
   * STORE_UNSUPPORTED when members of the cluster are not named in the store's URL
   */
  reclaim?(options: ReclaimOptions): Promise<void>

  /** Ends watches and connections. Idempotent. Later calls reject with STORE_CLOSED. */
  close(): Promise<void>
}

/** What reads of a store: a reader with repeats is one as well. */
export type StoreReads = Pick<MetadataStore, 'range'>
