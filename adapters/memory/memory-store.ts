/** A handle on a memory backend: the store contract, with its watches. Neighbour: memory-backend.ts. */
import { StoreError } from '../../lib/errors.ts'
import { checkedStore } from '../../lib/store/checked-store.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type {
  Lease,
  LeaseId,
  RangeQuery,
  RangeResult,
  Revision,
  StoreFeatures,
  Txn,
  TxnResult,
  WatchBatch,
  WatchOptions,
} from '../../lib/store/types.ts'
import { isInRange, MemoryBackend, type MemoryBackendOptions } from './memory-backend.ts'

/** Revisions one watch batch covers at most, as etcd has it. */
const BATCH_REVISIONS_MAX = 1_000

const FEATURES: StoreFeatures = {
  persistent: false,
  shared: false,
  txnOpsMax: 16_384,
  txnBytesMax: 64 * 1024 * 1024,
  valueBytesMax: 16 * 1024 * 1024,
}

export interface MemoryStoreOptions extends MemoryBackendOptions {
  /** Open another handle on this one; the other options are then its own. @default a fresh one */
  readonly backend?: MemoryBackend
}

/** A handle on a store in this process's memory. Closing it ends its own watches and calls only. */
export function openMemoryStore(options: MemoryStoreOptions = {}): MetadataStore {
  return checkedStore(new MemoryStore(options.backend ?? new MemoryBackend(options)))
}

class MemoryStore implements MetadataStore {
  readonly features = FEATURES
  readonly #backend: MemoryBackend
  readonly #closed = new AbortController()

  constructor(backend: MemoryBackend) {
    this.#backend = backend
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    return this.#backend.range(query)
  }

  async txn(txn: Txn): Promise<TxnResult> {
    return this.#backend.txn(txn)
  }

  async *watch(options: WatchOptions): AsyncGenerator<WatchBatch> {
    const { start, end, signal } = options
    const backend = this.#backend
    const { clock, progressMs } = backend
    /** The first revision not looked at yet. */
    let position = options.fromRevision
    let progressDueMs = clock.monotonic() + progressMs
    while (!signal.aborted) {
      if (this.#closed.signal.aborted) throw new StoreError('STORE_CLOSED', 'the store is closed')
      if (position < backend.compacted) throw backend.compactedError(position)
      const commits = backend.commits(position, BATCH_REVISIONS_MAX)
      position = (commits.at(-1)?.revision ?? position - 1) + 1
      const events = commits.flatMap((c) => c.events.filter((e) => isInRange(e, start, end)))
      const waitMs = progressDueMs - clock.monotonic()
      if (events.length === 0 && waitMs > 0) {
        if (commits.length === 0) await this.#changeOr(waitMs, signal)
        continue
      }
      yield { revision: position - 1, events }
      progressDueMs = clock.monotonic() + progressMs
    }
  }

  async grantLease(options: { readonly ttlMs: number }): Promise<Lease> {
    return this.#backend.grantLease(options.ttlMs)
  }

  async keepLeaseAlive(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    return this.#backend.keepLeaseAlive(id)
  }

  async revokeLease(id: LeaseId): Promise<void> {
    this.#backend.revokeLease(id)
  }

  async compact(revision: Revision): Promise<void> {
    this.#backend.compact(revision)
  }

  async close(): Promise<void> {
    this.#closed.abort()
  }

  /** Until there may be something to look at, or `waitMs` have passed. */
  #changeOr(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        unlisten()
        cancelTimer()
        signal.removeEventListener('abort', wake)
        this.#closed.signal.removeEventListener('abort', wake)
        resolve()
      }
      const unlisten = this.#backend.listen(wake)
      const cancelTimer = this.#backend.clock.after(waitMs, wake)
      signal.addEventListener('abort', wake)
      this.#closed.signal.addEventListener('abort', wake)
    })
  }
}
