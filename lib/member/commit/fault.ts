/**
 * A fault of our own while a batch is sent or applied: no answer of the store, but a bug.
 * Whether the batch is in the store is not known, and the replica may have half of it. Its requests are abandoned, and
 * the tree is loaded again: that abandons the batches behind it, and nothing is left pending.
 * Neighbour: group-committer.
 */
import type { Faults } from '../../base/faults.ts'
import { StoreError } from '../../model/errors.ts'
import type { PlannedBatch } from './batch-planner.ts'

/** @returns the requests that are left: none */
export function failBatch(
  cause: unknown,
  { batch, tasks }: PlannedBatch,
  options: { readonly faults: Faults; readonly onStuck: (seq: number) => void },
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
