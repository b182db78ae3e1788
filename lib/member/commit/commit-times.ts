/**
 * How long each part of this member's work took. Neighbours: group-committer, batch-sender and serving observe; the proxy
 * makes metrics of it.
 */
import { Histogram } from '../../base/histogram.ts'
import type { CommitTask } from './task.ts'

export class CommitTimes {
  /** One for each request: from its arrival until it was sent to the store. */
  readonly queue = new Histogram()
  /** One for each batch of ours: making transactions of its requests, */
  readonly plan = new Histogram()
  /** the store's answer to the try that was answered, */
  readonly commit = new Histogram()
  /** and applying it to the tree, events and replies included. */
  readonly apply = new Histogram()
  /** From a heartbeat until it was confirmed. */
  readonly heartbeat = new Histogram()
  /** A look at head that proves how fresh the tree is. */
  readonly proof = new Histogram()
  /** Pauses of this process. */
  readonly pause = new Histogram()
  /** Times in which nobody was served, the one before the first client left out. */
  readonly outage = new Histogram()

  /** These requests are sent to the store now, monotonic ms. */
  sent(tasks: readonly CommitTask[], nowMs: number): void {
    for (const { submittedMs } of tasks) {
      if (submittedMs !== undefined) this.queue.observe(nowMs - submittedMs)
    }
  }
}
