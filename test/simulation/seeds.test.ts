/** Many runs with all faults: all laws hold in each. A failure prints the line that repeats it. */
import { expect } from 'chai'
import { runInParts } from './hunts.ts'

const SEEDS = 100
const PER_TEST = 50
const PROCESSES = 2

describe('simulation', function () {
  this.timeout(240_000)

  for (let from = 1; from <= SEEDS; from += PER_TEST) {
    it(`seeds ${from} to ${from + PER_TEST - 1}`, async () => {
      const options = { from, count: PER_TEST, faults: 'all', keepGoing: true } as const
      const { seeds, failed, output } = await runInParts(options, PROCESSES)
      expect(failed, output).to.equal(0)
      expect(seeds).to.equal(PER_TEST)
    })
  }
})
