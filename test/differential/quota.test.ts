/** Hard quotas, where they are enforced, against ZooKeeper 3.9.5 with zookeeper.enforceQuota. */
import { requireOrSkip } from '../support/requirements.ts'
import { compare } from './compare.ts'
import { quotaScripts } from './statements/quota.ts'
import { type Subject, startOnFiles, startOnMemory, startOracle } from './subjects.ts'

describe('differential, quotas enforced', function () {
  this.timeout(120_000)
  const settings = { enforceQuota: true }
  let oracle: Subject
  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9')
    oracle = await startOracle('3.9', settings)
  })
  after(() => oracle?.stop())

  const subjects = {
    'one proxy on memory': () => startOnMemory(1, undefined, settings),
    'two proxies on memory': () => startOnMemory(2, undefined, settings),
    'one proxy on files': () => startOnFiles('dist', settings),
  }
  for (const [name, start] of Object.entries(subjects)) {
    describe(name, () => {
      let candidate: Subject
      before(async () => {
        candidate = await start()
      })
      after(() => candidate?.stop())

      for (const [title, script] of Object.entries(quotaScripts)) {
        it(title, () => compare(script, oracle, candidate))
      }
    })
  }
})
