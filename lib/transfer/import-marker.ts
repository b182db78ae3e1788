/**
 * An import's marker in the store, <prefix>/import: which file, how far, and which run writes. Each
 * step of an import moves it in the transaction that writes the records, and is guarded by it, so
 * steps of two imports cannot interleave, and reading it settles a step whose reply was lost.
 * Neighbours: import.ts and abandon.ts (whose steps they are).
 */
import type { Clock } from '../base/clock.ts'
import { decodeHead, type HeadRecord } from '../format/head.ts'
import type { KeyRange, Layout } from '../format/layout.ts'
import { decodeImport, encodeImport, type ImportRecord } from '../format/record.ts'
import { CopyError, StoreError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { Compare, Key, Revision, WriteOp } from '../store/types.ts'
import { patiently } from './patiently.ts'

/** What lies below the prefix, as far as an import cares. */
export interface Found {
  /** There is a tree. */
  readonly head: HeadRecord | undefined
  /** There is part of one. */
  readonly mark: ImportRecord | undefined
  /** The mark's modRevision; 0: there is none. */
  readonly revision: Revision
}

export interface MarkerOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  /** As {@link patiently}. */
  readonly storeMs?: number | undefined
}

export class ImportMarker {
  readonly #options: MarkerOptions
  #revision: Revision = 0

  constructor(options: MarkerOptions) {
    this.#options = options
  }

  /** Both keys as of one revision. What is found is what the next step is guarded by. */
  async look(): Promise<Found> {
    const found = await this.#patiently(() => this.#read())
    this.#revision = found.revision
    return found
  }

  /** The letter of the first key range that is not empty. undefined: all are empty. */
  async occupiedRange(besideProxies = false): Promise<string | undefined> {
    const { layout } = this.#options
    const ranges: [string, KeyRange][] = [
      ...(besideProxies ? [] : [['p', layout.proxies] satisfies [string, KeyRange]]),
      ['n', layout.znodes],
      ['c', layout.childRecords],
      ['s', layout.sessions],
      ['j', layout.journal],
    ]
    for (const [letter, range] of ranges) if (!(await this.isEmpty(range))) return letter
    return undefined
  }

  async isEmpty(range: KeyRange): Promise<boolean> {
    return (await this.keys(range, 1)).length === 0
  }

  /** The first keys of a range. */
  async keys({ start, end }: KeyRange, countMax: number): Promise<readonly Key[]> {
    const { store } = this.#options
    const { kvs } = await this.#patiently(() =>
      store.range({ start, end, countMax, keysOnly: true }),
    )
    return kvs.map(({ key }) => key)
  }

  /** Moves the mark to `next`, and applies `ops` with that. */
  async move(next: ImportRecord, ops: readonly WriteOp[]): Promise<void> {
    const key = this.#options.layout.importMarker
    await this.#step([...ops, { type: 'put', key, value: encodeImport(next) }], (found) => {
      const { mark } = found
      const { run, line, abandoned } = next
      return mark?.run === run && mark.line === line && mark.abandoned === abandoned
    })
  }

  /** Removes the mark, and applies `ops` with that. `leavesTree`: it is complete, not abandoned. */
  async remove(ops: readonly WriteOp[], leavesTree: boolean): Promise<void> {
    const key = this.#options.layout.importMarker
    await this.#step([...ops, { type: 'delete', key }], ({ head, mark }) => {
      return mark === undefined && (head !== undefined) === leavesTree
    })
  }

  /**
   * One transaction, applied once. Sent again unchanged after an unknown outcome, it is still
   * guarded by where the mark was before: at most one of the two is applied.
   */
  async #step(ops: readonly WriteOp[], isDone: (found: Found) => boolean): Promise<void> {
    const { store, layout } = this.#options
    const compares: readonly Compare[] = [
      { target: 'modRevision', key: layout.importMarker, equals: this.#revision },
      { target: 'version', key: layout.head, equals: 0 },
    ]
    await this.#patiently(async () => {
      let failure: StoreError | undefined
      try {
        const { committed, revision } = await store.txn({ compares, ops })
        if (committed) {
          this.#revision = revision
          return
        }
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        if (error.outcome === 'unapplied') throw error
        failure = error
      }
      const found = await this.#patiently(() => this.#read())
      const isMoved = found.revision !== this.#revision
      if (isMoved && isDone(found)) {
        this.#revision = found.revision
        return
      }
      if (isMoved || found.head !== undefined || failure === undefined) throw taken(found)
      // It was not applied so far.
      throw failure
    })
  }

  async #read(): Promise<Found> {
    const { store, layout } = this.#options
    const head = await store.range({ start: layout.head })
    const { revision } = head
    const mark = (await store.range({ start: layout.importMarker, revision })).kvs[0]
    const headKv = head.kvs[0]
    return {
      head: headKv === undefined ? undefined : decodeHead(headKv.value),
      mark: mark === undefined ? undefined : decodeImport(mark.value),
      revision: mark?.modRevision ?? 0,
    }
  }

  #patiently<T>(ask: () => Promise<T>): Promise<T> {
    return patiently(ask, this.#options)
  }
}

/** Another process has moved the mark, or made a tree. */
function taken({ head, mark }: Found): CopyError {
  return new CopyError('COPY_CONFLICT', `this import was ended: ${whatCame(head, mark)}`)
}

function whatCame(head: Found['head'], mark: Found['mark']): string {
  if (head !== undefined && mark !== undefined) {
    // It had lost its lease when we looked for proxies, and its first commit was in flight.
    return 'a proxy has begun a tree here; what is below the prefix must be removed by other means'
  }
  if (head !== undefined) return 'another process has completed it'
  if (mark === undefined || mark.abandoned) return 'another process has abandoned it'
  return 'another import of the same file continues in its place'
}
