/** Deliberate bugs that few seeds are enough for: each breaks a law. All of them: --mutants, see README.md. */
import { expect } from 'chai'
import { hunt, mutated } from './mutants/hunt.ts'
import { MUTATIONS } from './mutants/mutations.ts'

/** Those are hunted here. */
const SEEDS_MAX = 20
const PARALLEL = 2

describe('a deliberate bug', function () {
  this.timeout(240_000)

  it('fits the sources, also where it is not hunted here', () => {
    for (const mutation of MUTATIONS) expect(mutated(mutation)).to.not.equal(undefined)
  })

  const quick = MUTATIONS.filter(({ seedsMax }) => seedsMax <= SEEDS_MAX)
  for (let at = 0; at < quick.length; at += PARALLEL) {
    const together = quick.slice(at, at + PARALLEL)
    it(together.map(({ bug }) => bug).join('; '), async () => {
      const found = await Promise.all(together.map(hunt))
      for (const [i, { bug, seedsMax }] of together.entries()) {
        expect(found[i], `${bug}: within ${seedsMax} seeds`).not.to.equal(undefined)
      }
    })
  }
})
