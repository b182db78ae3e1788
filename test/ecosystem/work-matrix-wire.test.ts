/** A selection of counters and queues in each kind of bad weather over the wire, on anykeeper and on ZooKeeper; `RECIPES=all`: all of them. */
import type { Context } from 'mocha'
import { type RunningBed, wireBeds } from '../support/client-beds.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { wireBed } from '../support/wire-bed.ts'
import { testWorks } from '../support/work-matrix.ts'
import { works } from '../support/work-scenes.ts'

const RECIPES = /^AtomicCounter$|^LockingQueue$/
const FAULTS = /^nothing|^the outcome of write [13]/
const isAll = process.env.RECIPES === 'all'

for (const place of wireBeds.slice(0, 2)) {
  describe(`counters and queues × faults, ${place.name}`, function () {
    this.timeout(120_000)
    let running: RunningBed
    before(async function (this: Context) {
      requireOrSkip(this, ...place.needs)
      running = await place.start()
    })
    after(() => running?.stop())

    const bed = wireBed(() => running)
    testWorks(
      () => bed,
      works.filter(({ name }) => isAll || RECIPES.test(name)),
      (fault) => isAll || FAULTS.test(fault),
    )
  })
}
