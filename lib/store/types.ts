/**
 * The nouns of the store contract, in etcd's terms. An adapter imports these and nothing else of
 * lib (besides the errors); semantics live above. Neighbours: metadata-store.ts, adapters/*.
 */

/**
 * Store-wide commit counter. Unit: transactions that changed something. 0 means "none".
 * A safe integer: at a million commits a second it lasts 285 years.
 */
export type Revision = number

/** Longest key: what a path of jute.maxbuffer needs by default, and 64 KiB for what stands before it. Unit bytes. */
export const KEY_BYTES_MAX = 17 * 65_536
/** Raw key bytes, compared byte by byte (memcmp). At most {@link KEY_BYTES_MAX} bytes. */
export type Key = Uint8Array

/** Opaque lease name, chosen by the store. Positive and below 2^63. 0n means "no lease". */
export type LeaseId = bigint

/** A key with its value and history counters. */
export interface KeyValue {
  /** The whole key. */
  readonly key: Key
  /** Empty where only keys were requested. */
  readonly value: Uint8Array
  /** Revision of the put that created this incarnation of the key. */
  readonly createRevision: Revision
  /** Revision of the newest put. */
  readonly modRevision: Revision
  /** Puts since creation, the creating one included: 1 for a new key. */
  readonly version: number
  /** The lease the newest put bound the key to, or 0n. */
  readonly lease: LeaseId
}

/**
 * One condition of a transaction. An absent key has version, createRevision and modRevision 0, so
 * `{ target: 'version', equals: 0 }` means "must not exist". `value` on an absent key never
 * matches.
 */
export type Compare =
  | { readonly target: 'version'; readonly key: Key; readonly equals: number }
  | { readonly target: 'modRevision'; readonly key: Key; readonly equals: Revision }
  | { readonly target: 'createRevision'; readonly key: Key; readonly equals: Revision }
  | { readonly target: 'value'; readonly key: Key; readonly equals: Uint8Array }

/**
 * One write. `deleteRange` removes start (inclusive) to end (exclusive). Within a transaction each
 * key may be touched by one op only, ranges included (etcd: "duplicate key given in txn request").
 * Deleting what is not there is no error.
 */
export type WriteOp =
  | {
      readonly type: 'put'
      readonly key: Key
      readonly value: Uint8Array
      readonly lease?: LeaseId
    }
  | { readonly type: 'delete'; readonly key: Key }
  | { readonly type: 'deleteRange'; readonly start: Key; readonly end: Key }

/** All compares hold → all ops are applied under one revision; otherwise nothing is. */
export interface Txn {
  /** All must hold. None: they do. */
  readonly compares: readonly Compare[]
  /** Applied together; none: only the compares are judged. */
  readonly ops: readonly WriteOp[]
}

/** How one try of a transaction is sent. */
export interface TxnOptions {
  /**
   * The same txn was sent before and has not been answered: a store with several members takes another one
   * for this try, and for later calls. The txn's own compares must make it commit at most once.
   * @default false
   */
  readonly suspect?: boolean
}

/** Whether a transaction was applied, and when. */
export interface TxnResult {
  /** false: a compare did not hold and nothing was written. */
  readonly committed: boolean
  /**
   * Committed: the revision of this transaction. Otherwise, and when it changed nothing (no ops, or
   * deletes of what was not there): the store's revision when it looked.
   */
  readonly revision: Revision
}

/** What to read: one key, or the keys from `start` to `end`. */
export interface RangeQuery {
  /** Inclusive. With `end` it may be empty: from the first key on. */
  readonly start: Key
  /** Exclusive, and above `start`. Absent: the single key `start`. */
  readonly end?: Key
  /** Read the state as of this revision. Absent or 0: the newest, linearizable. */
  readonly revision?: Revision
  /** At most this many, in key order, 1 or more. Absent: all. */
  readonly countMax?: number
  /** Values come back empty; everything else is filled in. */
  readonly keysOnly?: boolean
  /** Highest key first. */
  readonly descending?: boolean
}

/** The keys found, in order. */
export interface RangeResult {
  /** In key order, or the reverse of it. */
  readonly kvs: readonly KeyValue[]
  /** The store's revision when it answered (not the requested one). Never 0. */
  readonly revision: Revision
  /** More keys of the range exist beyond countMax. */
  readonly more: boolean
}

/** One change of a watched key. */
export type StoreEvent =
  | { readonly type: 'put'; readonly kv: KeyValue }
  | { readonly type: 'delete'; readonly key: Key; readonly modRevision: Revision }

/**
 * Every event of the watched range with a revision in (previous batch, this.revision], in revision
 * order. A revision is never split over batches. May be empty: progress, nothing happened so far.
 * Resume after a batch at `revision + 1`; before the first event it may be `fromRevision - 1`.
 */
export interface WatchBatch {
  /** Everything up to this one has been delivered. */
  readonly revision: Revision
  /** By revision. */
  readonly events: readonly StoreEvent[]
}

/** What to watch, and from when. */
export interface WatchOptions {
  /** Inclusive. */
  readonly start: Key
  /** Exclusive. */
  readonly end: Key
  /** First revision wanted (inclusive). It may lie in the future. */
  readonly fromRevision: Revision
  /**
   * The last watch of this range was behind what the store had: a store with several members takes
   * another one for this watch. @default false
   */
  readonly suspect?: boolean
  /** Ends the iteration without an error. */
  readonly signal: AbortSignal
}

/** A lease as granted. */
export interface Lease {
  /** Binds keys to it, and renews it. */
  readonly id: LeaseId
  /** As granted, which may be more than requested (etcd: whole seconds, a server minimum). */
  readonly ttlMs: number
}

/** How much room a store has. Of several members: the fullest. */
export interface StoreSpace {
  /** What it takes of `maxBytes`, what it could give back included. Unit: bytes. */
  readonly usedBytes: number
  /** Without what it can use again. Unit: bytes. */
  readonly inUseBytes: number
  /** What it may take. Unit: bytes. undefined: no bound, or none that is known. */
  readonly maxBytes: number | undefined
  /** It refuses writes, small ones too, until somebody acts. */
  readonly isFull: boolean
  /** Its history takes of this space, and compaction gives it back. */
  readonly hasHistory: boolean
  /** What to do when it is full, in one line; "": nothing that is known here. */
  readonly remedy: string
}

/** See MetadataStore.compact. */
export interface CompactOptions {
  /** Resolves only when what was forgotten is free, within so long. Unit: ms. Absent: when it is sure to be. */
  readonly freedMs?: number
}

/** See MetadataStore.reclaim. Shares are of the space that the store may take. */
export interface ReclaimOptions {
  /** While writes are allowed: space is given back once so many times as much is taken as is in use, */
  readonly ratio: number
  /** and at least this share is taken. */
  readonly share: number
  /** While they are not: once less than this share is in use; and below it they are allowed again. */
  readonly freeShare: number
  /** Deadline of one step. Unit: ms. */
  readonly timeoutMs: number
  /** Asked before each step. false: no further one. */
  readonly mayGoOn: () => boolean
  /** Called behind each step. */
  readonly onStep: (step: ReclaimStep) => void
}

/** A step that was carried out. */
export interface ReclaimStep {
  /** History forgotten; space given back; writes allowed again. */
  readonly what: 'compacted' | 'defragmented' | 'disarmed'
  /** Host of the member; "": all of them. */
  readonly member: string
  /** What it takes of its space, before and after. Unit: bytes. */
  readonly beforeBytes: number
  /** undefined: it was done, but no member said so behind it. */
  readonly afterBytes: number | undefined
}

/** What a store promises; suites and callers choose by this, never by the adapter's name. */
export interface StoreFeatures {
  /** Committed data survives a restart of the store. */
  readonly persistent: boolean
  /** Several processes may open it concurrently. */
  readonly shared: boolean
  /** Ops (and, separately, compares) one txn may carry. */
  readonly txnOpsMax: number
  /** Bytes of one txn: its keys and values, plus 32 for each op and compare (see txn-size.ts). */
  readonly txnBytesMax: number
  /** Bytes of one value. */
  readonly valueBytesMax: number
  /**
   * Do empty watch batches move on with the store's revision while other ranges are written?
   * false: they prove that the watch is alive and repeat the revision delivered last. Absent: true.
   */
  readonly progressAdvances?: boolean
  /**
   * May the newest commits, acknowledged ones included, be lost when the store fails over or falls
   * back to a copy? Then watches end with STORE_COMPACTED, and no revision is given a
   * second time: guards by modRevision or createRevision never hold for what was lost, guards by
   * version may. Absent: false.
   */
  readonly mayLoseTail?: boolean
}
