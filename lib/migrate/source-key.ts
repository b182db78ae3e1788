/**
 * The record of the source in the store, read and changed: each change is guarded by what was read, so that no two
 * processes undo each other's. Neighbours: format/source, mirror, take-over.
 */
import { backoffMs } from '../base/backoff.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import { Layout } from '../format/layout.ts'
import { decodeSource, encodeSource, type SourceRecord } from '../format/source.ts'
import { StoreError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { Revision } from '../store/types.ts'
import { mayPass } from './may-pass.ts'
import { MIRROR_BOUNDS } from './mirror-bounds.ts'

/** Between two attempts: a pace; storeMs ends them. Unit: ms. */
const RETRY = { firstMs: 50, maxMs: 2_000 }
const UNNAMED = 'a process without a name'

/** Where a migration is kept. */
export interface MigrationPlace {
  /** It stays the caller’s to close. */
  readonly store: MetadataStore
  /** @default "/anykeeper" */
  readonly prefix?: string
  /** @default systemClock */
  readonly clock?: Clock
  /** For how long the store is tried again where it does not answer. Unit ms. @default 30,000 */
  readonly storeMs?: number
}

export class SourceKey {
  readonly #store: MetadataStore
  readonly #clock: Clock
  readonly #storeMs: number
  readonly layout: Layout

  constructor({
    store,
    prefix = '/anykeeper',
    clock = systemClock,
    storeMs = MIRROR_BOUNDS.storeMs,
  }: MigrationPlace) {
    this.#store = store
    this.#clock = clock
    this.#storeMs = storeMs
    this.layout = new Layout(prefix)
  }

  /** undefined: there is none. @throws {StoreError} after storeMs of retries */
  async read(): Promise<SourceRecord | undefined> {
    return this.patiently(async () => ({ is: (await this.#look()).record }))
  }

  /** Is there a process that follows? Its name; undefined: none. */
  async follower(): Promise<string | undefined> {
    return this.patiently(async () => {
      const [kv] = (await this.#store.range({ start: this.layout.follower })).kvs
      return { is: kv && followerName(kv.value) }
    })
  }

  /**
   * `change` is called with the record as it is, as often as it takes. undefined from it: nothing is to be changed.
   * @returns what was written; undefined: nothing. @throws {StoreError} after `patienceMs` of retries
   */
  async update(
    change: (record: SourceRecord | undefined) => SourceRecord | undefined,
    patienceMs = this.#storeMs,
  ): Promise<SourceRecord | undefined> {
    return this.patiently(async () => {
      const { record, revision } = await this.#look()
      const next = change(record)
      if (next === undefined) return { is: undefined }
      const written = { ...next, atMs: Math.round(this.#clock.now()) }
      const { committed } = await this.#store.txn({
        compares: [{ target: 'modRevision', key: this.layout.source, equals: revision }],
        ops: [{ type: 'put', key: this.layout.source, value: encodeSource(written) }],
      })
      return committed ? { is: written } : undefined
    }, patienceMs)
  }

  /** The migration is forgotten. */
  async remove(): Promise<void> {
    await this.patiently(async () => {
      await this.#store.txn({ compares: [], ops: [{ type: 'delete', key: this.layout.source }] })
      return { is: undefined }
    })
  }

  async #look(): Promise<{ record: SourceRecord | undefined; revision: Revision }> {
    const [kv] = (await this.#store.range({ start: this.layout.source })).kvs
    return { record: kv && decodeSource(kv.value), revision: kv?.modRevision ?? 0 }
  }

  /**
   * `attempt` is made until it has found something, for `patienceMs` where the store does not answer: it may be made twice.
   * @throws {StoreError}
   */
  async patiently<T>(
    attempt: () => Promise<{ readonly is: T } | undefined>,
    patienceMs = this.#storeMs,
  ): Promise<T> {
    const endMs = this.#clock.monotonic() + patienceMs
    for (let tries = 1; ; tries++) {
      const isLast = this.#clock.monotonic() >= endMs
      try {
        const found = await attempt()
        if (found !== undefined) return found.is
        if (isLast)
          throw new StoreError('STORE_TIMEOUT', 'the source record is changed all the time')
      } catch (error) {
        if (!mayPass(error) || isLast) throw error
      }
      await pause(this.#clock, backoffMs(tries, RETRY))
    }
  }
}

/** What `<prefix>/follower` says; never empty, since somebody wrote it. */
export function followerName(value: Uint8Array): string {
  try {
    const { name } = JSON.parse(Buffer.from(value).toString()) as { name?: unknown }
    return typeof name === 'string' && name !== '' ? name : UNNAMED
  } catch {
    return UNNAMED
  }
}
