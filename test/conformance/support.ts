/** Small words the conformance suite is written in. */
import { expect } from 'chai'
import { StoreError, type StoreErrorCode } from '../../lib/model/errors.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type {
  Compare,
  Key,
  KeyValue,
  LeaseId,
  RangeResult,
  Revision,
  StoreEvent,
  WatchBatch,
  WriteOp,
} from '../../lib/store/types.ts'

let spaces = 0

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
export const bytes = (latin1: string): Uint8Array => Buffer.from(latin1, 'latin1')

/** A corner of the store for one test, so that tests share a store and see only their own keys. */
export class Space {
  readonly store: MetadataStore
  readonly prefix: string

  constructor(store: MetadataStore) {
    this.store = store
    this.prefix = `conformance/${process.pid}-${++spaces}/`
  }

  key(name: string): Key {
    return bytes(this.prefix + name)
  }

  get start(): Key {
    return bytes(this.prefix)
  }

  get end(): Key {
    return bytes(`${this.prefix.slice(0, -1)}0`)
  }

  put(name: string, value = 'v', lease?: LeaseId): WriteOp {
    const op = { type: 'put', key: this.key(name), value: bytes(value) } as const
    return lease === undefined ? op : { ...op, lease }
  }

  delete(name: string): WriteOp {
    return { type: 'delete', key: this.key(name) }
  }

  /** Commits, and gives the revision. */
  async write(...ops: WriteOp[]): Promise<Revision> {
    const { committed, revision } = await this.store.txn({ compares: [], ops })
    expect(committed).to.equal(true)
    return revision
  }

  guarded(compares: Compare[], ...ops: WriteOp[]) {
    return this.store.txn({ compares, ops })
  }

  async get(name: string): Promise<KeyValue | undefined> {
    return (await this.store.range({ start: this.key(name) })).kvs[0]
  }

  all(options: object = {}): Promise<RangeResult> {
    return this.store.range({ start: this.start, end: this.end, ...options })
  }

  /** The names of a result, without the prefix. */
  names(result: RangeResult): string[] {
    return result.kvs.map((kv) => text(kv.key).slice(this.prefix.length))
  }

  watch(fromRevision: Revision, store = this.store): TestWatch {
    return new TestWatch(store, this, fromRevision)
  }

  /** "put a=1" or "delete a". */
  describe(event: StoreEvent): string {
    return event.type === 'put'
      ? `put ${text(event.kv.key).slice(this.prefix.length)}=${text(event.kv.value)}`
      : `delete ${text(event.key).slice(this.prefix.length)}`
  }
}

/** A watch that checks the laws on every batch: Ordered, Unique, Atomic, Bookmarkable. */
export class TestWatch {
  /** Events by revision, described. */
  readonly seen: { readonly revision: Revision; readonly events: string[] }[] = []
  readonly #abort = new AbortController()
  readonly #batches: AsyncIterator<WatchBatch>
  readonly #space: Space
  #last: Revision

  constructor(store: MetadataStore, space: Space, fromRevision: Revision) {
    this.#space = space
    this.#last = fromRevision - 1
    const { signal } = this.#abort
    const watch = store.watch({ start: space.start, end: space.end, fromRevision, signal })
    this.#batches = watch[Symbol.asyncIterator]()
  }

  /** The next batch, empty or not; undefined at the end. */
  async next(): Promise<WatchBatch | undefined> {
    const { done, value } = await this.#batches.next()
    if (done) return undefined
    const batch = value as WatchBatch
    expect(batch.revision, 'batches never go back').to.be.at.least(this.#last)
    for (const event of batch.events) this.#record(event, batch.revision)
    this.#last = batch.revision
    return batch
  }

  /** Reads on until so many events have been seen, and gives them all as one list. */
  async events(count: number): Promise<string[]> {
    while (this.total < count) {
      if ((await this.next()) === undefined) break
    }
    return this.seen.flatMap((group) => group.events)
  }

  get total(): number {
    return this.seen.reduce((sum, group) => sum + group.events.length, 0)
  }

  abort(): void {
    this.#abort.abort()
  }

  /** Aborts, and waits for the iteration to end. */
  async end(): Promise<void> {
    this.abort()
    while ((await this.next()) !== undefined);
  }

  #record(event: StoreEvent, batchRevision: Revision): void {
    const revision = event.type === 'put' ? event.kv.modRevision : event.modRevision
    expect(revision, 'an event lies after the batch before').to.be.above(this.#last)
    expect(revision, 'an event lies within its batch').to.be.at.most(batchRevision)
    const group = this.seen.at(-1)
    if (group?.revision === revision) group.events.push(this.#space.describe(event))
    else {
      expect(revision, 'events are in order').to.be.above(group?.revision ?? 0)
      this.seen.push({ revision, events: [this.#space.describe(event)] })
    }
  }
}

/** The StoreError a promise must reject with, of one of these codes. */
export async function rejection(
  promise: Promise<unknown>,
  ...codes: readonly StoreErrorCode[]
): Promise<StoreError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) throw new Error(`expected ${codes.join(' or ')}, but it was fulfilled`)
  expect(outcome.error).to.be.instanceOf(StoreError)
  const error = outcome.error as StoreError
  expect(error.code, error.message).to.be.oneOf(codes)
  return error
}
