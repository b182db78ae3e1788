/** What a selection may not leave out. */
import { expect } from 'chai'
import { type Cell, selection } from './matrix-cells.ts'
import { cellsOf, MATRIX_BEDS, TABLES, type TableName } from './matrix-plan.ts'

const pairOf = ({ recipe, fault }: Cell): string => `${recipe}: ${fault}`
const recipeOf = ({ recipe }: Cell): string => recipe
const faultOf = ({ fault }: Cell): string => fault
const sorted = (cells: readonly Cell[], nameOf: (cell: Cell) => string): string[] =>
  [...new Set(cells.map(nameOf))].toSorted()

describe('the plan of recipes, faults and beds', () => {
  for (const table of Object.keys(TABLES) as TableName[]) {
    const all = TABLES[table]

    it(`${table}: each recipe meets each fault on some bed`, () => {
      const planned = MATRIX_BEDS.flatMap((bed) => cellsOf(bed, table))
      expect(sorted(planned, pairOf)).to.deep.equal(sorted(all, pairOf))
      expect(sorted(all, pairOf), 'none is there twice').to.have.length(all.length)
    })

    for (const bed of MATRIX_BEDS) {
      it(`${table} on ${bed}: each recipe, and each fault`, () => {
        const cells = cellsOf(bed, table)
        expect(sorted(cells, recipeOf)).to.deep.equal(sorted(all, recipeOf))
        expect(sorted(cells, faultOf)).to.deep.equal(sorted(all, faultOf))
      })
    }
  }

  it('a recipe that no fault would choose is there nevertheless', () => {
    const cell = (recipe: string, fault: string): Cell => ({ recipe, fault, run: async () => {} })
    const all = ['a', 'b', 'c'].flatMap((recipe) => [cell(recipe, 'x'), cell(recipe, 'y')])
    for (const turn of [0, 1, 2, 3]) {
      const chosen = selection(all, turn)
      expect(sorted(chosen, recipeOf)).to.deep.equal(['a', 'b', 'c'])
      expect(sorted(chosen, faultOf)).to.deep.equal(['x', 'y'])
      expect(chosen.length).to.equal(3)
    }
  })
})
