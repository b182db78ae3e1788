/**
 * The store contract over an Mvcc: watches, and the closed state. Neighbours: mvcc.ts, adapters.
 */
import { StoreError } from '../../lib/model/errors.ts'
import { checkedStore } from '../../lib/store/checked-store.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type {
  Lease,
  LeaseId,
  RangeQuery,
  RangeResult,
  Revision,
  StoreFeatures,
  StoreSpace,
  Txn,
  TxnResult,
  WatchBatch,
  WatchOptions,
} from '../../lib/store/types.ts'
import { isInRange } from './events.ts'
import type { Mvcc } from './mvcc.ts'

/** Bound of the revisions in one watch batch, as in etcd. */
const BATCH_REVISIONS_MAX = 1_000

/**
 * The adapter's side of a handle: its writes resolve once they are durable; `mvcc` serves reads.
 */
export interface MvccWriter {
  /** What reads and watches are served from. */
  readonly mvcc: Mvcc
  /** As `MetadataStore.txn`; resolves once it is durable. */
  txn(txn: Txn): TxnResult | Promise<TxnResult>
  /** As `MetadataStore.grantLease`; resolves once it is durable. */
  grantLease(ttlMs: number): Lease | Promise<Lease>
  /** As `MetadataStore.revokeLease`; resolves once it is durable. */
  revokeLease(id: LeaseId): void | Promise<void>
  /**
   * Awaited before each read: pages of a large tree come from memory, and without it a load would be one turn of the event loop.
   * Absent: a load may be.
   */
  turn?(): Promise<void> | undefined
  /** Absent: there is no bound but memory. */
  space?(): StoreSpace | Promise<StoreSpace>
}

/** A handle. Closing it ends its own watches and calls, then runs `onClose`. */
export function mvccHandle(
  writer: MvccWriter,
  features: StoreFeatures,
  onClose: () => Promise<void> = async () => {},
): MetadataStore {
  return checkedStore(new MvccHandle(writer, features, onClose))
}

class MvccHandle implements MetadataStore {
  readonly features: StoreFeatures
  readonly space?: () => Promise<StoreSpace>
  readonly #writer: MvccWriter
  readonly #mvcc: Mvcc
  readonly #onClose: () => Promise<void>
  readonly #closed = new AbortController()

  constructor(writer: MvccWriter, features: StoreFeatures, onClose: () => Promise<void>) {
    this.features = features
    this.#writer = writer
    this.#mvcc = writer.mvcc
    this.#onClose = onClose
    const { space } = writer
    if (space !== undefined) this.space = async () => space.call(writer)
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    const turn = this.#writer.turn?.()
    if (turn !== undefined) await turn
    return this.#mvcc.range(query)
  }

  async txn(txn: Txn): Promise<TxnResult> {
    return this.#writer.txn(txn)
  }

  async *watch(options: WatchOptions): AsyncGenerator<WatchBatch> {
    const mvcc = this.#mvcc
    /** `position`: the first revision that was not read yet. */
    const place = { position: options.fromRevision }
    const unwatch = mvcc.watching(place)
    try {
      yield* this.#follow(options, place)
    } finally {
      unwatch()
    }
  }

  async *#follow(
    { start, end, signal }: WatchOptions,
    place: { position: Revision },
  ): AsyncGenerator<WatchBatch> {
    const mvcc = this.#mvcc
    const { clock, progressMs } = mvcc
    let progressDueMs = clock.monotonic() + progressMs
    while (!signal.aborted) {
      if (this.#closed.signal.aborted) throw new StoreError('STORE_CLOSED', 'the store is closed')
      const { position } = place
      if (position < mvcc.compacted) throw mvcc.compactedError(position)
      const commits = mvcc.commits(position, BATCH_REVISIONS_MAX)
      place.position = (commits.at(-1)?.revision ?? position - 1) + 1
      const events = commits.flatMap((c) => c.events.filter((e) => isInRange(e, start, end)))
      const waitMs = progressDueMs - clock.monotonic()
      if (events.length === 0 && waitMs > 0) {
        if (commits.length === 0) await this.#changeOr(waitMs, signal)
        continue
      }
      yield { revision: place.position - 1, events }
      progressDueMs = clock.monotonic() + progressMs
    }
  }

  async grantLease({ ttlMs }: { readonly ttlMs: number }): Promise<Lease> {
    return this.#writer.grantLease(ttlMs)
  }

  async keepLeaseAlive(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    return this.#mvcc.leases.keepAlive(id)
  }

  async revokeLease(id: LeaseId): Promise<void> {
    await this.#writer.revokeLease(id)
  }

  async compact(revision: Revision): Promise<void> {
    this.#mvcc.compact(revision)
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#onClose()
  }

  /** Waits for a publication, a compaction, the end, or `waitMs`. */
  #changeOr(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        unlisten()
        cancelTimer()
        signal.removeEventListener('abort', wake)
        this.#closed.signal.removeEventListener('abort', wake)
        resolve()
      }
      const unlisten = this.#mvcc.listen(wake)
      const cancelTimer = this.#mvcc.clock.after(waitMs, wake)
      signal.addEventListener('abort', wake)
      this.#closed.signal.addEventListener('abort', wake)
    })
  }
}
