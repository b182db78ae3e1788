/** Removes the keys of an unfinished import. Neighbours: import.ts, import-marker.ts. */
import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../base/clock.ts'
import { Layout } from '../format/layout.ts'
import type { ImportRecord } from '../format/record.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { WriteOp } from '../store/types.ts'
import { ImportMarker } from './import-marker.ts'

/** Keys removed in one txn: as one range, but each of them costs the store. */
const KEYS_MAX = 1_000

/** Options of {@link abandonImport}. */
export interface AbandonOptions {
  readonly store: MetadataStore
  /** @default "/anykeeper" */
  readonly prefix?: string
  /** @default systemClock */
  readonly clock?: Clock
}

/**
 * Abandons an unfinished import: the prefix is empty afterwards, and the import, if it still runs,
 * ends with COPY_CONFLICT. A complete tree is not touched. Resumable: run it again when
 * interrupted.
 * @returns keys removed; undefined: there is no unfinished import
 * @throws {CopyError} COPY_CONFLICT: the import is running at this moment; run it again
 * @throws {StoreError} the store's own
 */
export async function abandonImport(options: AbandonOptions): Promise<number | undefined> {
  const { store, prefix = '/anykeeper', clock = systemClock } = options
  const layout = new Layout(prefix)
  const marker = new ImportMarker({ store, layout, clock })
  const { mark } = await marker.look()
  if (mark === undefined) return undefined
  const given: ImportRecord = { ...mark, run: randomBytes(8).toString('hex'), abandoned: true }
  await marker.move(given, [])
  let removed = 0
  for (const range of [layout.znodes, layout.childRecords, layout.sessions]) {
    for (;;) {
      const keys = await marker.keys(range, KEYS_MAX)
      const last = keys.at(-1)
      if (last === undefined) break
      await marker.move(given, [deletionOf(range.start, last)])
      removed += keys.length
    }
  }
  await marker.remove([], false)
  return removed
}

/** Everything up to and including `last`. */
function deletionOf(start: Uint8Array, last: Uint8Array): WriteOp {
  const end = new Uint8Array(last.length + 1)
  end.set(last)
  return { type: 'deleteRange', start, end }
}
