/**
 * Says in the store that this member serves clients while ZooKeeper leads, and that it has stopped for a take-over. Written
 * before the first request is forwarded, on the lease of the member: it ends with p/<proxy>, and where that is written on another
 * lease, this one is before. Neighbours: zookeeper-upstream, hand-over (reads it), format/forwarder, member/session/proxy-registry.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { pause } from '../../base/pause.ts'
import { reasonOf } from '../../base/reason-of.ts'
import { encodeForwarder, type ForwarderRecord } from '../../format/forwarder.ts'
import type { Layout } from '../../format/layout.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { LeaseId } from '../../store/types.ts'

/** Before it is written again: a pace, which ends nothing. Unit: ms. */
const RETRY_MS = 200

export interface ForwarderKeyOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly proxy: string
  /** On which the member is listed. */
  readonly lease: () => LeaseId
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
}

export class ForwarderKey {
  /** It is in the store: a take-over waits for this member. */
  isWritten = false
  readonly #options: ForwarderKeyOptions
  /** Writes follow each other. */
  #writing: Promise<void> = Promise.resolve()
  #newest: ForwarderRecord | undefined

  constructor(options: ForwarderKeyOptions) {
    this.#options = options
  }

  /** Resolves when it is written, or something newer is to be written instead. Never rejects. */
  write(record: ForwarderRecord): Promise<void> {
    this.#newest = record
    this.#writing = this.#writing.then(() => this.#put(record))
    return this.#writing
  }

  /**
   * The member is listed on this lease from now on. With the one before its key is gone, or will be.
   * @throws {StoreError} it is not in the store
   */
  async leased(lease: LeaseId): Promise<void> {
    const record = this.#newest
    if (record === undefined) return
    const { store, layout, proxy } = this.#options
    const key = layout.forwarder(proxy)
    // What is there is newer, or on the lease before: then it is written after what is being written.
    const { committed } = await store.txn({
      compares: [{ target: 'version', key, equals: 0 }],
      ops: [{ type: 'put', key, value: encodeForwarder(record), lease }],
    })
    if (committed) this.isWritten = true
    else if (this.#newest !== undefined) void this.write(this.#newest)
  }

  /** Never rejects: without its member it does not count. */
  async remove(): Promise<void> {
    const { store, layout, proxy, logger } = this.#options
    this.#newest = undefined
    await this.#writing
    if (!this.isWritten) return
    try {
      await store.txn({ compares: [], ops: [{ type: 'delete', key: layout.forwarder(proxy) }] })
    } catch (error) {
      logger.debug({ reason: reasonOf(error) }, 'forwarder key not removed')
    }
  }

  async #put(record: ForwarderRecord): Promise<void> {
    const { store, layout, proxy, lease, clock, logger, signal } = this.#options
    const value = encodeForwarder(record)
    while (this.#newest === record && !signal.aborted) {
      const granted = lease()
      try {
        await store.txn({
          compares: [],
          ops: [{ type: 'put', key: layout.forwarder(proxy), value, lease: granted }],
        })
        this.isWritten = true
        if (granted === lease()) return
        continue
      } catch (error) {
        logger.debug({ reason: reasonOf(error) }, 'forwarder key not written')
      }
      await pause(clock, RETRY_MS, signal)
    }
  }
}
