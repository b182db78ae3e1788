/**
 * Opens a store that lives on a server. The same for every such adapter: connect, detect what the
 * server is, and hand out the store behind the checked door. Neighbours: checked-store.ts, adapters/*.
 */
import type { StoreError } from '../model/errors.ts'
import { checkedStore } from './checked-store.ts'
import type { MetadataStore } from './metadata-store.ts'

/** What an adapter detected about its server when it was opened. */
export interface ServerFacts {
  /** As the server reports it, "3.6.16"; undefined when it does not. */
  readonly serverVersion: string | undefined
  /** Sentences worth logging once: what this server does worse than it should. */
  readonly warnings: readonly string[]
}

/** A store on a server, ready for use. */
export interface ServerStore extends MetadataStore, ServerFacts {}

/** An adapter before it is open: its features and facts are valid once `open` has resolved. */
export interface ServerAdapter extends MetadataStore, ServerFacts {
  open(): Promise<void>
}

/**
 * Opens `adapter`; closes it again when that fails.
 * @throws {StoreError} whatever `open` failed with, as `translate` gives it
 */
export async function openServerStore(
  adapter: ServerAdapter,
  translate: (error: unknown) => StoreError,
): Promise<ServerStore> {
  try {
    await adapter.open()
  } catch (error) {
    await adapter.close()
    throw translate(error)
  }
  const { serverVersion, warnings } = adapter
  return Object.assign(checkedStore(adapter), { serverVersion, warnings })
}
