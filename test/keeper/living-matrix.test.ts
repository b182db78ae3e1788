/** What lives on, in each kind of bad weather, on a memory store and a clock that the test moves. */
import { testLivings } from '../support/living-matrix.ts'
import { livings } from '../support/living-scenes.ts'
import { memoryBed } from '../support/memory-bed.ts'

describe('what lives on × faults', () => {
  const bed = memoryBed()
  testLivings(() => bed, livings)
})
