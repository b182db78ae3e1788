/**
 * One watch stream: turns etcd's responses into batches, requests progress, and detects a silent
 * stream. It ends at its first failure. Neighbour: watch-loop.ts, which opens the next.
 */
import type { Clock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { Key, Revision, StoreEvent, WatchBatch } from '../../lib/store/types.ts'
import { AsyncQueue } from './async-queue.ts'
import type { WatchDuplex } from './driver-clients.ts'
import { reasonToStoreError, toStoreError } from './errors.ts'
import { encodeWatchCreate, PROGRESS_REQUEST, type WatchAnswer } from './watch-codec.ts'

export interface WatchStreamOptions {
  readonly start: Key
  readonly end: Key
  readonly fromRevision: Revision
  /** Start at exactly `fromRevision`, although etcd may then be silent until that is reached. */
  readonly exactStart: boolean
  readonly clock: Clock
  /** Pause between progress requests. Unit: ms. */
  readonly progressMs: number
  /** Progress requests in a row without any message after which the stream counts as dead. */
  readonly unansweredMax: number
  /** Is a manual progress answer sent after the events up to its revision? */
  readonly trustManualProgress: boolean
  /** @throws {StoreError} when the header is of another cluster. */
  readonly checkCluster: (clusterId: string) => void
}

export class WatchStream {
  readonly batches = new AsyncQueue<WatchBatch>()
  readonly #stream: WatchDuplex
  readonly #options: WatchStreamOptions
  /** All events of the range up to this revision are in `batches`. */
  #delivered: Revision
  #unanswered = 0
  #answers = 0
  #cancelTimer = (): void => {}
  #over = false

  constructor(stream: WatchDuplex, options: WatchStreamOptions) {
    this.#stream = stream
    this.#options = options
    this.#delivered = options.fromRevision - 1
    stream.on('data', (response) => this.#onResponse(response))
    stream.on('error', (error) => this.#fail(toStoreError(error)))
    stream.on('end', () => this.#fail(new StoreError('STORE_UNAVAILABLE', 'etcd ended the watch')))
    stream.write(
      encodeWatchCreate({
        start: options.start,
        end: options.end,
        // Since 3.5.22 and 3.6.2 a watch that starts in the future gets no progress answers, and
        // "the list's revision + 1" is the future of a quiet store. So the watch starts one
        // revision earlier, whose events are dropped on arrival. 0 would mean "now".
        startRevision: Math.max(options.fromRevision - (options.exactStart ? 0 : 1), 1),
      }),
    )
    this.#armProgress()
  }

  /** Messages so far, except for the one that says "created". */
  get answers(): number {
    return this.#answers
  }

  /** Ends the stream and drops the batches that were not taken yet. */
  cancel(): void {
    this.batches.clear()
    this.#shut()
  }

  #onResponse(response: WatchAnswer): void {
    if (this.#over) return
    this.#unanswered = 0
    if (!response.created) this.#answers += 1
    try {
      this.#options.checkCluster(response.clusterId)
      if (response.canceled) throw cancellation(response, this.#delivered + 1)
      if (response.events.length > 0) this.#onEvents(response.events)
      else this.#onProgress(response)
    } catch (error) {
      this.#fail(toStoreError(error))
    }
  }

  /** etcd sends a revision's events in one message (no fragments are requested), in order. */
  #onEvents(events: readonly StoreEvent[]): void {
    const wanted: StoreEvent[] = []
    let revision = this.#delivered
    for (const event of events) {
      const { modRevision } = event.type === 'put' ? event.kv : event
      // A lagging member may send again what was delivered already: etcd-io/etcd#20221.
      if (modRevision <= this.#delivered) continue
      wanted.push(event)
      revision = modRevision
    }
    if (wanted.length === 0) return
    this.#delivered = revision
    this.batches.push({ revision, events: wanted })
  }

  /** "Created" proves only that the watch is alive: its header is ahead of the events. */
  #onProgress({ created, isManualProgress, revision }: WatchAnswer): void {
    if (!created && (!isManualProgress || this.#options.trustManualProgress)) {
      this.#delivered = Math.max(this.#delivered, revision)
    }
    this.batches.push({ revision: this.#delivered, events: [] })
  }

  /**
   * Counts requests, not time: a process that was stopped for a while reads the messages that
   * have arrived before it abandons a stream.
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
      this.#stream.write(PROGRESS_REQUEST)
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
    // First end, then cancel: the driver takes a cancelled writable stream for a failed member.
    this.#stream.end()
    this.#stream.cancel()
  }
}

function cancellation(response: WatchAnswer, wanted: Revision): StoreError {
  const { compactRevision, cancelReason } = response
  if (compactRevision > 0) {
    return new StoreError('STORE_COMPACTED', `revision ${wanted} has been compacted`, {
      compactRevision,
    })
  }
  return reasonToStoreError(cancelReason)
}
