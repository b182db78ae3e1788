/** Counters and queues in each kind of bad weather, on a memory store and a clock that the test moves. */
import { memoryBed } from '../support/memory-bed.ts'
import { testWorks } from '../support/work-matrix.ts'
import { works } from '../support/work-scenes.ts'

describe('counters and queues × faults', () => {
  const bed = memoryBed()
  testWorks(() => bed, works)
})
