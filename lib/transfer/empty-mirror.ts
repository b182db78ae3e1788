/**
 * Removes a tree that follows a ZooKeeper ensemble, so that it can be copied again: first head, in one transaction with the mark
 * of an abandoned import, then all records. Neighbours: abandon, import-marker, lib/migrate.
 */
import { randomBytes } from 'node:crypto'
import { backoffMs } from '../base/backoff.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import { decodeHead } from '../format/head.ts'
import { Layout } from '../format/layout.ts'
import { encodeImport } from '../format/record.ts'
import { CopyError, StoreError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import { abandonImport } from './abandon.ts'
import { STORE_MS_DEFAULT } from './patiently.ts'

/** Between two attempts: a pace, which ends nothing. Unit: ms. */
const RETRY = { firstMs: 50, maxMs: 2_000 }

export interface EmptyMirrorOptions {
  readonly store: MetadataStore
  readonly prefix: string
  readonly clock?: Clock
  /** For how long a call is retried where the store does not answer. Unit ms. @default {@link STORE_MS_DEFAULT} */
  readonly storeMs?: number
}

/**
 * Resumable. Nothing happens where there is no tree.
 * @throws {CopyError} COPY_CONFLICT: the tree there follows nobody, or nobody any more
 * @throws {StoreError} the store's own; retriable ones after storeMs of retries
 */
export async function emptyMirror(options: EmptyMirrorOptions): Promise<void> {
  const { store, prefix, clock = systemClock, storeMs = STORE_MS_DEFAULT } = options
  const endMs = clock.monotonic() + storeMs
  for (let tries = 1; ; tries++) {
    try {
      if (await isHeadGone(store, new Layout(prefix))) break
    } catch (error) {
      // Whatever became of it, the next look shows it.
      const mayPass =
        error instanceof StoreError && (error.retriable || error.outcome === 'unknown')
      if (!mayPass || clock.monotonic() > endMs) throw error
    }
    if (clock.monotonic() > endMs) {
      throw new CopyError('COPY_CONFLICT', `the tree below ${prefix} changes: it is not removed`)
    }
    await pause(clock, backoffMs(tries, RETRY))
  }
  await abandonImport({ store, prefix, clock, storeMs })
}

async function isHeadGone(store: MetadataStore, layout: Layout): Promise<boolean> {
  const [head] = (await store.range({ start: layout.head })).kvs
  if (head === undefined) return true
  if (decodeHead(head.value).mirrors !== true) {
    throw new CopyError(
      'COPY_CONFLICT',
      `the tree below ${layout.prefix} follows no ensemble: it is served, and is not removed`,
    )
  }
  const run = randomBytes(8).toString('hex')
  const mark = encodeImport({ run, line: 0, sha256: '', abandoned: true })
  const { committed } = await store.txn({
    compares: [
      { target: 'modRevision', key: layout.head, equals: head.modRevision },
      { target: 'version', key: layout.importMarker, equals: 0 },
    ],
    ops: [
      { type: 'delete', key: layout.head },
      { type: 'put', key: layout.importMarker, value: mark },
    ],
  })
  return committed
}
