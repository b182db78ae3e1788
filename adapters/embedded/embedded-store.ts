/** Opens a folder as a store. All handles on a folder within one process share one backend. */
import { existsSync, realpathSync } from 'node:fs'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { StoreFeatures } from '../../lib/store/types.ts'
import { mvccHandle } from '../mvcc/handle.ts'
import { EmbeddedBackend, type EmbeddedOptions } from './embedded-backend.ts'
import { unusable } from './errors.ts'
import { dataFile, prepareFolder } from './folder.ts'
import { withReserve } from './reserve.ts'

const FEATURES: StoreFeatures = {
  persistent: true,
  shared: false,
  txnOpsMax: 16_384,
  txnBytesMax: 32 * 1024 * 1024,
  valueBytesMax: 16 * 1024 * 1024,
}

interface Shared {
  readonly backend: Promise<EmbeddedBackend>
  handles: number
  /** Set while the last handle closes: the next opener waits for it. */
  closing?: Promise<void>
}

const open = new Map<string, Shared>()

/**
 * A handle on the folder's store. The first handle's options apply to all of them. The folder is
 * released when the last handle is closed.
 * @throws {StoreError} STORE_UNAVAILABLE, not retriable: in use by another process, not writable,
 * of a newer format; STORE_INTERNAL: damaged; STORE_UNSUPPORTED: the package lmdb is missing.
 */
export async function openEmbeddedStore(options: EmbeddedOptions): Promise<MetadataStore> {
  if (options.create === false && !existsSync(dataFile(options.folder))) {
    throw unusable(`there is no data in ${options.folder}`)
  }
  await withReserve(options.folder, () => prepareFolder(options.folder))
  const folder = realpathSync(options.folder)
  for (let shared = open.get(folder); shared?.closing !== undefined; shared = open.get(folder)) {
    await shared.closing
  }
  const shared = open.get(folder) ?? {
    backend: EmbeddedBackend.open({ ...options, folder }),
    handles: 0,
  }
  open.set(folder, shared)
  shared.handles++
  let backend: EmbeddedBackend
  try {
    backend = await shared.backend
  } catch (error) {
    if (open.get(folder) === shared) open.delete(folder)
    throw error
  }
  return mvccHandle(backend, FEATURES, async () => {
    if (--shared.handles > 0) return
    shared.closing = backend.close().finally(() => open.delete(folder))
    await shared.closing
  })
}
