/** Each recipe in each kind of bad weather, on a memory store and a clock that the test moves. */
import { memoryBed } from '../support/memory-bed.ts'
import { testRecipes } from '../support/recipe-matrix.ts'
import { recipes } from '../support/recipe-scenes.ts'

describe('recipes × faults', () => {
  const bed = memoryBed()
  testRecipes(() => bed, recipes)
})
