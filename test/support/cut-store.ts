/**
 * A store whose connection can be cut: calls hang, as on a network that drops packets, and answers
 * to what was sent before are lost. Its feed can be held back alone.
 */
import type { MetadataStore, WatchBatch, WatchOptions } from '../../lib/index.ts'

export interface CutStore extends MetadataStore {
  /** Nothing passes until mend(); what is asked meanwhile is delivered then, never lost. */
  cut(): void
  mend(): void
  /** The same for watches only. */
  cutFeed(): void
  mendFeed(): void
  /** The same for leases only. */
  cutLeases(): void
  mendLeases(): void
  /** The same for transactions only. */
  cutWrites(): void
  mendWrites(): void
}

class Gate {
  #open = Promise.resolve()
  #release: () => void = () => {}
  isShut = false

  shut(): void {
    if (this.isShut) return
    this.isShut = true
    this.#open = new Promise((resolve) => {
      this.#release = resolve
    })
  }
  open(): void {
    this.isShut = false
    this.#release()
  }
  async pass(): Promise<void> {
    while (this.isShut) await this.#open
  }
}

export function cutStore(inner: MetadataStore): CutStore {
  const calls = new Gate()
  const feed = new Gate()
  const leases = new Gate()
  const writes = new Gate()
  /** Held on the way there and on the way back. */
  const through = async <T>(call: () => Promise<T>): Promise<T> => {
    await calls.pass()
    const result = await call()
    await calls.pass()
    return result
  }
  /** One of them may be shut while the other one is waited for. */
  const passed = async (): Promise<void> => {
    while (calls.isShut || feed.isShut) {
      await calls.pass()
      await feed.pass()
    }
  }
  return {
    features: inner.features,
    cut: () => calls.shut(),
    mend: () => calls.open(),
    cutFeed: () => feed.shut(),
    mendFeed: () => feed.open(),
    cutLeases: () => leases.shut(),
    mendLeases: () => leases.open(),
    cutWrites: () => writes.shut(),
    mendWrites: () => writes.open(),
    range: (query) => through(() => inner.range(query)),
    txn: async (txn) => {
      await writes.pass()
      return through(() => inner.txn(txn))
    },
    async *watch(options: WatchOptions): AsyncGenerator<WatchBatch> {
      // One step of the feed is held, not queued: a watcher that stands still falls behind.
      const batches = inner.watch(options)[Symbol.asyncIterator]()
      const ended = new Promise<undefined>((resolve) => {
        options.signal.addEventListener('abort', () => resolve(undefined), { once: true })
      })
      try {
        for (;;) {
          const next = await batches.next()
          if (next.done === true) return
          await Promise.race([ended, passed()])
          if (options.signal.aborted) return
          yield next.value
        }
      } finally {
        await batches.return?.()
      }
    },
    grantLease: async (options) => {
      await leases.pass()
      return through(() => inner.grantLease(options))
    },
    keepLeaseAlive: async (id) => {
      await leases.pass()
      return through(() => inner.keepLeaseAlive(id))
    },
    revokeLease: (id) => through(() => inner.revokeLease(id)),
    compact: (revision) => through(() => inner.compact(revision)),
    async close() {
      calls.open()
      feed.open()
      leases.open()
      writes.open()
      await inner.close()
    },
  }
}

/**
 * The next batch of writes that `store` commits before its mend() is applied, and its answer waits behind an outage that begins then.
 * Writes of records alone, behind their batch, are none. `behind`: the same data, on another way.
 */
export function cutBehindNextBatch(store: CutStore, behind: MetadataStore): void {
  const { txn, mend } = store
  // One that begins behind it would last for ever: a slow machine has outages of its own, which are mended instead.
  store.mend = () => {
    store.txn = txn
    store.mend = mend
    mend()
  }
  store.txn = async (next, options) => {
    const isBatch = next.ops.some(({ type, ...op }) => type === 'put' && isEntry(op))
    if (!isBatch) return txn(next, options)
    // The feed would bring its own batch back before the answer.
    store.cutFeed()
    const result = await behind.txn(next, options)
    // Another member was faster: it will be sent again.
    const isLost = result.committed && store.txn !== txn
    if (isLost) store.cut()
    store.mendFeed()
    if (!isLost) return result
    store.txn = txn
    await store.range({ start: Buffer.from([0]) })
    return result
  }
}

/** The key of an entry of the journal. */
const isEntry = (op: object): boolean =>
  'key' in op && /\/j\/[0-9a-f]{16}$/.test(Buffer.from(op.key as Uint8Array).toString())
