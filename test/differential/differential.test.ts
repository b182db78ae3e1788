/**
 * anykeeper against ZooKeeper 3.8.0 and 3.9.5, record by record: written scripts for the statements of the
 * protocol, and random ones from fixed seeds. A mismatch shows seed, shrunk script and both answers.
 */
import { expect } from 'chai'
import {
  type Requirement,
  requireOrSkip,
  type ZookeeperLine,
  zookeeperRequirement,
} from '../support/requirements.ts'
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
  const oracles = new Map<ZookeeperLine, Subject>()
  const oracleOf = async (line: ZookeeperLine): Promise<Subject> => {
    const oracle = oracles.get(line) ?? (await startOracle(line))
    oracles.set(line, oracle)
    return oracle
  }
  after(() => Promise.all([...oracles.values()].map((oracle) => oracle.stop())))

  const subjects: {
    name: string
    start: () => Promise<Subject>
    seeds: number[]
    needs?: Requirement
    /** Each store against one release line; memory against both. */
    line: ZookeeperLine
  }[] = [
    { name: 'one proxy on memory', start: () => startOnMemory(1), seeds: [1, 2], line: '3.8' },
    {
      name: 'two proxies on memory',
      start: () => startOnMemory(2),
      seeds: [3, 4, 5, 6],
      line: '3.9',
    },
    { name: 'one proxy on files', start: () => startOnFiles(), seeds: [13, 14], line: '3.9' },
    {
      name: 'two proxies on etcd',
      start: () => startOnEtcd(),
      seeds: [7, 8, 9, 10, 11, 12],
      needs: 'etcd',
      line: '3.9',
    },
    {
      name: 'two proxies on redis',
      start: () => startOnRedis(),
      seeds: [15, 16, 17, 18],
      needs: 'redis',
      line: '3.8',
    },
  ]
  for (const { name, start, seeds, needs, line } of subjects) {
    describe(`${name} against ${line}`, () => {
      let oracle: Subject
      let candidate: Subject
      before(async function () {
        requireOrSkip(this, zookeeperRequirement[line], ...(needs === undefined ? [] : [needs]))
        oracle = await oracleOf(line)
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
