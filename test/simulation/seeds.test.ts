/** Many runs with faults: all laws hold in each. A failure prints the line that repeats it. */
import { expect } from 'chai'
import { simulate } from './simulate.ts'

const SEEDS = 100
const PER_TEST = 50

describe('simulation', function () {
  this.timeout(120_000)

  for (let from = 1; from <= SEEDS; from += PER_TEST) {
    it(`seeds ${from} to ${from + PER_TEST - 1}`, async () => {
      for (let seed = from; seed < from + PER_TEST; seed++) {
        const { violations } = await simulate({ seed, faults: 'core' })
        const laws = violations.map(({ law, what }) => `${law}: ${what}`)
        const again = `SEED=${seed} npm run test:sim -- --seed ${seed} --faults core`
        expect(laws, again).to.deep.equal([])
      }
    })
  }
})
