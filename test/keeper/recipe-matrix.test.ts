/** Each recipe in each kind of bad weather, on a memory store and a clock that the test moves. */

import { testCells } from '../support/matrix-cells.ts'
import { cellsOf } from '../support/matrix-plan.ts'
import { memoryBed } from '../support/memory-bed.ts'

describe('recipes × faults', () => {
  const bed = memoryBed()
  testCells(cellsOf('memory', 'recipes'), () => bed)
})
