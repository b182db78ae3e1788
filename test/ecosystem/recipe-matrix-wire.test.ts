/** A selection of the recipes in each kind of bad weather over the wire, on anykeeper and on ZooKeeper; `RECIPES=all`: all of them. */
import type { Context } from 'mocha'
import { type RunningBed, wireBeds } from '../support/client-beds.ts'
import { testRecipes } from '../support/recipe-matrix.ts'
import { recipes } from '../support/recipe-scenes.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { wireBed } from '../support/wire-bed.ts'

const RECIPES = /^Mutex$|^Semaphore, 3 of 5 leases, layout curator$/
const FAULTS = /deleted by another|is stopped|outcome of write 1|outcome of the release|is let in$/
const isAll = process.env.RECIPES === 'all'

for (const place of wireBeds.slice(0, 2)) {
  describe(`recipes × faults, ${place.name}`, function () {
    this.timeout(120_000)
    let running: RunningBed
    before(async function (this: Context) {
      requireOrSkip(this, ...place.needs)
      running = await place.start()
    })
    after(() => running?.stop())

    const bed = wireBed(() => running)
    testRecipes(
      () => bed,
      recipes.filter(({ name }) => isAll || RECIPES.test(name)),
      (fault) => isAll || FAULTS.test(fault),
    )
  })
}
