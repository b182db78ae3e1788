/** A selection of what lives on in each kind of bad weather over the wire, on anykeeper and on ZooKeeper; `RECIPES=all`: all of it. */
import type { Context } from 'mocha'
import { type RunningBed, wireBeds } from '../support/client-beds.ts'
import { testLivings } from '../support/living-matrix.ts'
import { livings } from '../support/living-scenes.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { wireBed } from '../support/wire-bed.ts'

const RECIPES = /^LeaderLatch, layout curator$|^PersistentNode, ephemeral$/
const FAULTS = /session ends out of reach|process is stopped/
const isAll = process.env.RECIPES === 'all'

for (const place of wireBeds.slice(0, 2)) {
  describe(`what lives on × faults, ${place.name}`, function () {
    this.timeout(120_000)
    let running: RunningBed
    before(async function (this: Context) {
      requireOrSkip(this, ...place.needs)
      running = await place.start()
    })
    after(() => running?.stop())

    const bed = wireBed(() => running)
    testLivings(
      () => bed,
      livings.filter(({ name }) => isAll || RECIPES.test(name)),
      (fault) => isAll || FAULTS.test(fault),
    )
  })
}
