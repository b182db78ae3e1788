/** Several keepers on one memory store, ended with the test. */
import { MemoryBackend, type MemoryBackendOptions } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import {
  Keeper,
  type KeeperLimits,
  type KeeperOptions,
  type MetadataStore,
} from '../../lib/index.ts'
import { type FaultyStore, faultyStore } from './faulty-store.ts'

export interface KeeperBench {
  readonly backend: MemoryBackend
  open(
    limits?: Partial<KeeperLimits>,
    more?: Partial<KeeperOptions>,
  ): Promise<{ keeper: Keeper; store: FaultyStore }>
  handle(): MetadataStore
  /** Ends a keeper as a crash would: nothing is drained or signed off. */
  crash(keeper: Keeper): Promise<void>
  close(): Promise<void>
}

export function keeperBench(options: MemoryBackendOptions = {}): KeeperBench {
  const backend = new MemoryBackend(options)
  const opened: { keeper: Keeper; store: FaultyStore }[] = []
  return {
    backend,
    handle: () => openMemoryStore({ backend }),
    async open(limits = {}, more = {}) {
      const store = faultyStore(openMemoryStore({ backend }))
      const keeper = await Keeper.open({
        store,
        limits: { historyRetentionMs: 0, reaperIntervalMs: 3_600_000, ...limits },
        ...more,
      })
      const pair = { keeper, store }
      opened.push(pair)
      return pair
    },
    async crash(keeper) {
      const pair = opened.find((o) => o.keeper === keeper)
      if (pair === undefined) throw new Error('not a keeper of this bench')
      opened.splice(opened.indexOf(pair), 1)
      await pair.store.close()
      await keeper.close(0)
    },
    async close() {
      for (const { keeper, store } of opened) {
        store.faults.length = 0
        await keeper.close(0)
        await store.close()
      }
    },
  }
}
