/** Removes the keys of an unfinished import. Neighbours: import.ts, import-marker.ts. */
import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../base/clock.ts'
import { checkNames, optionNames } from '../base/known-options.ts'
import { Layout } from '../format/layout.ts'
import type { ImportRecord } from '../format/record.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { Key, WriteOp } from '../store/types.ts'
import { ImportMarker } from './import-marker.ts'

/** Keys removed in one txn: as one range, but each of them costs the store. */
const KEYS_MAX = 1_000

/** Options of {@link abandonImport}. */
export interface AbandonOptions {
  /** Where the tree is; it stays the caller’s to close. */
  readonly store: MetadataStore
  /** @default "/anykeeper" */
  readonly prefix?: string
  /** @default systemClock */
  readonly clock?: Clock
  /** For how long a call is retried where the store does not answer. Unit ms. @default 30,000 */
  readonly storeMs?: number
}

const NAMES = optionNames<AbandonOptions>({ store: true, prefix: true, clock: true, storeMs: true })

/**
 * Abandons an unfinished import: the prefix is empty afterwards, and the import, if it still runs,
 * ends with COPY_CONFLICT. A complete tree is not touched. Resumable: run it again when
 * interrupted.
 * @returns keys removed; undefined: there is no unfinished import
 * @throws {TypeError} the prefix is none, or an option is not known
 * @throws {CopyError} COPY_CONFLICT: the import is running at this moment; run it again
 * @throws {StoreError} the store's own; STORE_INTERNAL: what says how far it came is damaged; STORE_UNSUPPORTED: a newer
 * version wrote that
 */
export async function abandonImport(options: AbandonOptions): Promise<number | undefined> {
  checkNames(options, NAMES)
  const { store, prefix = '/anykeeper', clock = systemClock, storeMs } = options
  const layout = new Layout(prefix)
  const marker = new ImportMarker({ store, layout, clock, storeMs })
  const { mark } = await marker.look()
  if (mark === undefined) return undefined
  const given: ImportRecord = { ...mark, run: randomBytes(8).toString('hex'), abandoned: true }
  await marker.move(given, [])
  let removed = 0
  // Only a tree that followed an ensemble has left entries of a journal.
  const ranges = [layout.znodes, layout.childRecords, layout.sessions, layout.journal]
  for (const range of ranges) {
    let { start } = range
    for (;;) {
      const keys = await marker.keys({ start, end: range.end }, KEYS_MAX)
      if (keys.length === 0) break
      for (const [first, last, count] of runsOfOurs(layout, keys)) {
        await marker.move(given, [deletionOf(first, last)])
        removed += count
      }
      start = after(keys.at(-1) as Key)
    }
  }
  await marker.remove([], false)
  return removed
}

/** Neighbouring keys of an import: the first and the last of each run, and how many. Those of others stay. */
function runsOfOurs(
  layout: Layout,
  keys: readonly Key[],
): [first: Key, last: Key, count: number][] {
  const runs: [Key, Key, number][] = []
  let run: [Key, Key, number] | undefined
  for (const key of keys) {
    const isOurs =
      (layout.pathOf(key) ?? layout.sessionOf(key) ?? layout.batchOf(key)) !== undefined
    if (!isOurs) run = undefined
    else if (run === undefined) {
      run = [key, key, 1]
      runs.push(run)
    } else {
      run[1] = key
      run[2]++
    }
  }
  return runs
}

/** From `start` up to and including `last`. */
function deletionOf(start: Key, last: Key): WriteOp {
  return { type: 'deleteRange', start, end: after(last) }
}

/** The first key that can follow. */
function after(key: Key): Key {
  return Buffer.concat([key, Buffer.from([0])])
}
