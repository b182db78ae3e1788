/**
 * Follows the journal in the store and hands its batches over in order, from the revision a load
 * ended at. When history is gone, or an entry is missing, the tree must be reloaded.
 * Line: store txn → here → replica (of the other proxies).
 */
import { type BatchHeader, decodeBatch, decodeHeader } from '../../format/journal.ts'
import type { Layout } from '../../format/layout.ts'
import type { Batch } from '../../format/ops.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { Revision } from '../../store/types.ts'

export interface FeedListener {
  /**
   * `decode` gives the whole batch, which is not needed for one of our own; `bytes` is its size.
   */
  readonly onEntry: (
    header: BatchHeader,
    decode: () => Batch,
    bytes: number,
    revision: Revision,
  ) => void
  /** The feed brought a batch of the watch, empty or not: the store is alive. */
  readonly onEvent: () => void
}

export interface FeedOptions extends FeedListener {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly fromRevision: Revision
  readonly signal: AbortSignal
}

/**
 * Runs until the signal is aborted or the feed is lost.
 * @throws {StoreError} whatever ends it otherwise, STORE_COMPACTED above all: reload and follow
 * again.
 */
export async function followJournal(options: FeedOptions): Promise<void> {
  const { store, layout, fromRevision, signal, onEntry, onEvent } = options
  const { start, end } = layout.journal
  for await (const { events } of store.watch({ start, end, fromRevision, signal })) {
    onEvent()
    for (const event of events) {
      if (event.type !== 'put') continue
      const { value, modRevision } = event.kv
      onEntry(decodeHeader(value), () => decodeBatch(value), value.length, modRevision)
    }
  }
  if (!signal.aborted) throw new StoreError('STORE_UNAVAILABLE', 'the journal feed ended')
}
