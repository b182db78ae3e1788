/** Is there a record? Without its bytes. Neighbour: zookeeper-upstream. */
import type { MetadataStore } from '../../store/metadata-store.ts'

/** @throws {StoreError} */
export async function isThere(store: MetadataStore, key: Uint8Array): Promise<boolean> {
  return (await store.range({ start: key, keysOnly: true })).kvs.length > 0
}
