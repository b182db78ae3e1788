/** The answers to a batch that is being applied. Neighbour: group-committer. */
import type { Faults } from '../../base/faults.ts'
import type { Replica } from '../tree/replica.ts'
import type { PlannedBatch } from './batch-planner.ts'
import { answerTask } from './fault.ts'

/** @returns what answers the requests up to a transaction of the batch, in order, each once */
export function answersOf(
  { tasks, planned, txnOf }: PlannedBatch,
  replica: Replica,
  faults: Faults,
): (txn: number) => void {
  let at = 0
  return (txn) => {
    for (; at < tasks.length && txnOf[at]! <= txn; ) {
      const task = tasks[at]!
      const result = planned[at]!
      at++
      answerTask(task, replica.zxid, result, faults)
    }
  }
}
