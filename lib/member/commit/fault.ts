/**
 * A fault of our own while a batch is planned, sent or applied: no answer of the store, but a bug.
 * Whether the batch is in the store is not known, and the replica may have half of it. Its requests are abandoned, and
 * the tree is loaded again: that abandons the batches behind it, and nothing is left pending.
 * Neighbour: group-committer.
 */
import type { Faults } from '../../base/faults.ts'
import { StoreError } from '../../model/errors.ts'
import type { Planned } from '../plan/planned.ts'
import type { PlannedBatch } from './batch-planner.ts'
import type { RequestQueue } from './request-queue.ts'
import type { CommitTask } from './task.ts'

interface Options {
  readonly faults: Faults
  readonly onStuck: (seq: number) => void
}

/** @returns the requests that are left: none */
export function failBatch(
  cause: unknown,
  { batch, tasks }: PlannedBatch,
  options: Options,
): readonly [] {
  const fields = { seq: batch.seq, tasks: tasks.length }
  options.faults.found(cause, 'fault in the committer, its requests are abandoned', fields)
  const error = new StoreError('STORE_INTERNAL', 'fault in the committer', {
    outcome: 'unknown',
    cause,
  })
  for (const task of tasks) task.abandoned(error)
  options.onStuck(batch.seq)
  return []
}

/**
 * A fault before anything was sent, of which nobody knows whose it is: `seq` is the batch that was to be. None of those that wait
 * is left pending.
 */
export function failPending(
  cause: unknown,
  queue: Pick<RequestQueue, 'length' | 'abandon'>,
  seq: number,
  options: Options,
): void {
  const fields = { seq, tasks: queue.length }
  options.faults.found(cause, 'fault in the committer, requests are abandoned unsent', fields)
  queue.abandon(new StoreError('STORE_INTERNAL', 'fault in the committer', { cause }))
  options.onStuck(seq)
}

/** Its transaction is applied. A fault in the answer is that request's: those behind it are answered. */
export function answerTask(task: CommitTask, zxid: number, planned: Planned, faults: Faults): void {
  try {
    task.committed(zxid, planned)
  } catch (cause) {
    faults.found(cause, 'fault in an answer', { request: task.request.type })
    task.abandoned(
      new StoreError('STORE_INTERNAL', 'fault in an answer', { outcome: 'unknown', cause }),
    )
  }
}
