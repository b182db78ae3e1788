/** Opens a handle on a memory backend. Neighbours: memory-backend.ts, ../mvcc/handle.ts. */
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { StoreFeatures } from '../../lib/store/types.ts'
import { mvccHandle } from '../mvcc/handle.ts'
import { MemoryBackend, type MemoryBackendOptions } from './memory-backend.ts'

const FEATURES: StoreFeatures = {
  persistent: false,
  shared: false,
  txnOpsMax: 16_384,
  txnBytesMax: 64 * 1024 * 1024,
  valueBytesMax: 16 * 1024 * 1024,
}

export interface MemoryStoreOptions extends MemoryBackendOptions {
  /** The backend to open a handle on; the other options are then ignored. @default a new one */
  readonly backend?: MemoryBackend
}

/** A handle on a store in this process's memory. Closing it ends only its own watches and calls. */
export function openMemoryStore(options: MemoryStoreOptions = {}): MetadataStore {
  return mvccHandle(options.backend ?? new MemoryBackend(options), FEATURES)
}
