/** The suite's own test: each of these bugs must be noticed by at least one written script. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder } from '../support/temp-folder.ts'
import { compare, Mismatch } from './compare.ts'
import { loadMutant, mutations } from './mutations.ts'
import { statements } from './statements/all.ts'
import { type Subject, startOnMemory, startOracle } from './subjects.ts'

describe('mutants', function () {
  this.timeout(60_000)
  let oracle: Subject

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9')
    oracle = await startOracle('3.9')
  })
  after(() => oracle?.stop())

  for (const mutation of mutations) {
    it(mutation.bug, async () => {
      const { parts, folder } = await loadMutant(mutation)
      const mutant = await startOnMemory(1, parts)
      try {
        expect(await noticedBy(mutant, oracle)).to.not.equal(undefined)
      } finally {
        await mutant.stop()
        removeFolder(folder)
      }
    })
  }
})

/** The first script that tells the mutant from ZooKeeper. */
async function noticedBy(mutant: Subject, oracle: Subject): Promise<string | undefined> {
  for (const scripts of Object.values(statements)) {
    for (const [title, script] of Object.entries(scripts)) {
      try {
        await compare(script, oracle, mutant)
      } catch (error) {
        if (error instanceof Mismatch) return title
        throw error
      }
    }
  }
  return undefined
}
