/**
 * Follows the journal in the store and hands its batches over in order, from the revision a load
 * ended at. When history is gone, or an entry is missing, the tree must be reloaded.
 * Line: store txn → here → replica (of the other proxies).
 */
import type { Layout } from '../../format/layout.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { Revision } from '../../store/types.ts'

export interface FeedListener {
  readonly onEntry: (entry: Uint8Array, revision: Revision) => void
  /** The feed brought a batch of the watch, empty or not: everything up to this revision was handed over. */
  readonly onEvent: (revision: Revision) => void
}

export interface FeedOptions extends FeedListener {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly fromRevision: Revision
  /** The feed before this one was late: see WatchOptions. */
  readonly suspect: boolean
  readonly signal: AbortSignal
}

/**
 * Runs until the signal is aborted or the feed is lost.
 * @throws {StoreError} whatever ends it otherwise, STORE_COMPACTED above all: reload and follow
 * again.
 */
export async function followJournal(options: FeedOptions): Promise<void> {
  const { store, layout, fromRevision, suspect, signal, onEntry, onEvent } = options
  const { start, end } = layout.journal
  const feed = store.watch({ start, end, fromRevision, suspect, signal })
  for await (const { revision, events } of feed) {
    for (const event of events) {
      if (event.type !== 'put') continue
      onEntry(event.kv.value, event.kv.modRevision)
    }
    onEvent(revision)
  }
  if (!signal.aborted) throw new StoreError('STORE_UNAVAILABLE', 'the journal feed ended')
}
