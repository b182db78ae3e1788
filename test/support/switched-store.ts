/**
 * A store behind an address: what answers there can be replaced, as when etcd is restored from a snapshot or
 * another cluster gets its name. Open watches are silent from then on: their place may lie in the new
 * store's future.
 */
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import type { Clock, MetadataStore, StoreError, WatchBatch, WatchOptions } from '../../lib/index.ts'

export interface Snapshot {
  readonly kvs: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]
}

export class Address {
  backend: MemoryBackend
  readonly #clock: Clock | undefined

  constructor(clock?: Clock) {
    this.#clock = clock
    this.backend = this.#fresh()
  }

  #fresh(): MemoryBackend {
    return new MemoryBackend(this.#clock === undefined ? {} : { clock: this.#clock })
  }

  /** All keys but the registrations of proxies, whose leases are not restored. */
  async snapshot(): Promise<Snapshot> {
    const store = openMemoryStore({ backend: this.backend })
    const { kvs } = await store.range({ start: Buffer.from([0]), end: Buffer.from([255]) })
    return { kvs: kvs.filter(({ key }) => !Buffer.from(key).includes('/p/')) }
  }

  /** The store now holds what the snapshot does, at revisions of its own; `bumped`: above all before. */
  async restore({ kvs }: Snapshot, bumped = false): Promise<void> {
    const before = this.backend.revision
    const backend = this.#fresh()
    const store = openMemoryStore({ backend })
    for (const { key, value } of kvs) {
      await store.txn({ compares: [], ops: [{ type: 'put', key, value }] })
    }
    if (bumped) {
      const op = { type: 'put', key: Buffer.from('bump'), value: Buffer.alloc(0) } as const
      while (backend.revision <= before + 10) await store.txn({ compares: [], ops: [op] })
      await store.compact(backend.revision)
    }
    this.backend = backend
  }

  handle(): MetadataStore {
    let backend = this.backend
    let inner = openMemoryStore({ backend })
    const current = (): MetadataStore => {
      if (backend !== this.backend) {
        backend = this.backend
        inner = openMemoryStore({ backend })
      }
      return inner
    }
    return {
      features: inner.features,
      range: async (query) => current().range(query),
      txn: async (txn) => current().txn(txn),
      watch: (options) => this.#watch(current, options),
      grantLease: async (options) => current().grantLease(options),
      keepLeaseAlive: async (id) => current().keepLeaseAlive(id),
      revokeLease: async (id) => current().revokeLease(id),
      compact: async (revision) => current().compact(revision),
      close: async () => current().close(),
    }
  }

  async *#watch(
    current: () => MetadataStore,
    options: WatchOptions,
  ): AsyncGenerator<WatchBatch, void, StoreError> {
    const { backend } = this
    for await (const batch of current().watch(options)) {
      if (backend !== this.backend) {
        await new Promise((resolve) => options.signal.addEventListener('abort', resolve))
        return
      }
      yield batch
    }
  }
}
