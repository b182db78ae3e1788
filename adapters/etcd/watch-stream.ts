/**
 * One watch stream: etcd's responses → batches, progress requests, and the verdict that a silent
 * stream is dead. It lives until its first failure. Neighbour: watch-loop.ts (which opens the next).
 */
import type { IDuplexStream, IEvent, IWatchRequest, IWatchResponse } from 'etcd3'
import type { Clock } from '../../lib/clock.ts'
import { StoreError } from '../../lib/errors.ts'
import type { Key, Revision, StoreEvent, WatchBatch } from '../../lib/store/types.ts'
import { AsyncQueue } from './async-queue.ts'
import { reasonToStoreError, toStoreError } from './errors.ts'
import { fromInt64, leaseFromInt64 } from './int64.ts'

export interface WatchStreamOptions {
  readonly start: Key
  readonly end: Key
  readonly fromRevision: Revision
  /** Ask etcd for exactly `fromRevision`, though it may then be silent until that is reached. */
  readonly exactStart: boolean
  readonly clock: Clock
  /** Pause between progress requests. Unit: ms. */
  readonly progressMs: number
  /** Progress requests in a row that may stay without any message before the stream counts as dead. */
  readonly unansweredMax: number
  /** May a manual progress answer's revision be believed? */
  readonly trustManualProgress: boolean
  /** @throws {StoreError} when the header is another cluster's. */
  readonly checkCluster: (clusterId: string) => void
}

/** etcd's watch id of an answer to a manual progress request. */
const MANUAL_PROGRESS_ID = '-1'

export class WatchStream {
  readonly batches = new AsyncQueue<WatchBatch>()
  readonly #stream: IDuplexStream<IWatchRequest, IWatchResponse>
  readonly #options: WatchStreamOptions
  /** Everything of the range up to here is in `batches`. */
  #delivered: Revision
  #unanswered = 0
  #answers = 0
  #cancelTimer = (): void => {}
  #over = false

  constructor(stream: IDuplexStream<IWatchRequest, IWatchResponse>, options: WatchStreamOptions) {
    this.#stream = stream
    this.#options = options
    this.#delivered = options.fromRevision - 1
    stream.on('data', (response) => this.#onResponse(response))
    stream.on('error', (error) => this.#fail(toStoreError(error)))
    stream.on('end', () => this.#fail(new StoreError('STORE_UNAVAILABLE', 'etcd ended the watch')))
    stream.write({
      create_request: {
        key: Buffer.from(options.start),
        range_end: Buffer.from(options.end),
        // Since 3.5.22 and 3.6.2 a watch that begins in the future gets no progress answers, and
        // "from the list's revision + 1" is the future of a quiet store. So one revision more is
        // asked for, and dropped on arrival. 0 would mean "now".
        start_revision: Math.max(options.fromRevision - (options.exactStart ? 0 : 1), 1),
        // The server's own progress is in order on every version, though rare (10 min by default).
        progress_notify: true,
      },
    })
    this.#armProgress()
  }

  /** Messages so far, the one that says "created" not counted. */
  get answers(): number {
    return this.#answers
  }

  /** Ends the stream and drops what was not taken yet. */
  cancel(): void {
    this.batches.clear()
    this.#shut()
  }

  #onResponse(response: IWatchResponse): void {
    if (this.#over) return
    this.#unanswered = 0
    if (!response.created) this.#answers += 1
    try {
      this.#options.checkCluster(response.header.cluster_id)
      if (response.canceled) throw cancellation(response, this.#delivered + 1)
      if (response.events.length > 0) this.#onEvents(response.events)
      else this.#onProgress(response)
    } catch (error) {
      this.#fail(toStoreError(error))
    }
  }

  /** etcd keeps a revision's events in one message (fragmenting is off) and revisions in order. */
  #onEvents(events: readonly IEvent[]): void {
    const wanted: StoreEvent[] = []
    let revision = this.#delivered
    for (const event of events) {
      const modRevision = fromInt64(event.kv.mod_revision)
      // A lagging member may replay what was delivered already: etcd-io/etcd#20221.
      if (modRevision <= this.#delivered) continue
      wanted.push(toStoreEvent(event, modRevision))
      revision = modRevision
    }
    if (wanted.length === 0) return
    this.#delivered = revision
    this.batches.push({ revision, events: wanted })
  }

  /** "Created" says only that the watch is alive: its header runs ahead of the events. */
  #onProgress(response: IWatchResponse): void {
    const manual = response.watch_id === MANUAL_PROGRESS_ID
    if (!response.created && (!manual || this.#options.trustManualProgress)) {
      this.#delivered = Math.max(this.#delivered, fromInt64(response.header.revision))
    }
    this.batches.push({ revision: this.#delivered, events: [] })
  }

  /**
   * Counts requests, not time: a process that was stopped for a while reads its mail before it
   * gives a stream up.
   */
  #armProgress(): void {
    const { clock, progressMs, unansweredMax } = this.#options
    this.#cancelTimer = clock.after(progressMs, () => {
      if (this.#unanswered >= unansweredMax) {
        this.#fail(
          new StoreError(
            'STORE_TIMEOUT',
            `etcd's watch is silent for ${this.#unanswered} progress requests`,
          ),
        )
        return
      }
      this.#unanswered += 1
      this.#stream.write({ progress_request: {} })
      this.#armProgress()
    })
  }

  #fail(error: StoreError): void {
    if (this.#over) return
    this.batches.end(error)
    this.#shut()
  }

  #shut(): void {
    if (this.#over) return
    this.#over = true
    this.#cancelTimer()
    // Ended before cancelled: the driver takes a cancelled writable stream for a failed member.
    this.#stream.end()
    this.#stream.cancel()
  }
}

function cancellation(response: IWatchResponse, wanted: Revision): StoreError {
  const compactRevision = fromInt64(response.compact_revision)
  if (compactRevision > 0) {
    return new StoreError('STORE_COMPACTED', `revision ${wanted} has been compacted`, {
      compactRevision,
    })
  }
  return reasonToStoreError(response.cancel_reason)
}

function toStoreEvent({ type, kv }: IEvent, modRevision: Revision): StoreEvent {
  if (type === 'Delete') {
    return { type: 'delete', key: kv.key, modRevision }
  }
  return {
    type: 'put',
    kv: {
      key: kv.key,
      value: kv.value,
      createRevision: fromInt64(kv.create_revision),
      modRevision,
      version: fromInt64(kv.version),
      lease: leaseFromInt64(kv.lease),
    },
  }
}
