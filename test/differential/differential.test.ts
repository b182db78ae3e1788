/**
 * anykeeper against ZooKeeper 3.8.0, record by record: written scripts for the statements of the
 * protocol, and random ones from fixed seeds. A mismatch shows seed, shrunk script and both answers.
 */
import { expect } from 'chai'
import { type Requirement, requireOrSkip } from '../support/requirements.ts'
import { check } from './check.ts'
import { compare } from './compare.ts'
import { statements } from './statements/all.ts'
import {
  type Subject,
  startOnEtcd,
  startOnFiles,
  startOnMemory,
  startOnRedis,
  startOracle,
} from './subjects.ts'

/** Scripts per seed and flavour, some 90 requests each. */
const SCRIPTS_PER_SEED = 20

describe('differential', function () {
  this.timeout(120_000)
  let oracle: Subject

  before(async function () {
    requireOrSkip(this, 'zookeeper')
    oracle = await startOracle()
  })
  after(() => oracle?.stop())

  const subjects: {
    name: string
    start: () => Promise<Subject>
    seeds: number[]
    needs?: Requirement
  }[] = [
    { name: 'one proxy on memory', start: () => startOnMemory(1), seeds: [1, 2] },
    { name: 'two proxies on memory', start: () => startOnMemory(2), seeds: [3, 4, 5, 6] },
    { name: 'one proxy on files', start: () => startOnFiles(), seeds: [13, 14] },
    {
      name: 'two proxies on etcd',
      start: () => startOnEtcd(),
      seeds: [7, 8, 9, 10, 11, 12],
      needs: 'etcd',
    },
    {
      name: 'two proxies on redis',
      start: () => startOnRedis(),
      seeds: [15, 16, 17, 18],
      needs: 'redis',
    },
  ]
  for (const { name, start, seeds, needs } of subjects) {
    describe(name, () => {
      let candidate: Subject
      before(async function () {
        if (needs !== undefined) requireOrSkip(this, needs)
        candidate = await start()
      })
      after(() => candidate?.stop())

      for (const [group, scripts] of Object.entries(statements)) {
        describe(group, () => {
          for (const [title, script] of Object.entries(scripts)) {
            it(title, () => compare(script, oracle, candidate))
          }
        })
      }
      for (const seed of seeds) {
        it(`random scripts, seed ${seed}`, async () => {
          const options = { oracle, candidate, seed, scripts: SCRIPTS_PER_SEED }
          const { requests } = await check(options)
          expect(requests).to.be.greaterThan(1_000)
        })
      }
    })
  }
})
