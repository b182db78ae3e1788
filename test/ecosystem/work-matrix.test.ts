/** A selection of counters and queues in each kind of bad weather, on a real etcd with real clocks; `RECIPES=all`: all of them. */
import { etcdBed } from '../support/etcd-bed.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { testWorks } from '../support/work-matrix.ts'
import { works } from '../support/work-scenes.ts'

const RECIPES = /^AtomicCounter$|^LockingQueue$/
const FAULTS = /^nothing|^the outcome of write [13]/
const isAll = process.env.RECIPES === 'all'

describe('counters and queues × faults on etcd', function () {
  this.timeout(120_000)
  let etcd: EtcdServer
  before(async function () {
    requireOrSkip(this, 'etcd')
    etcd = await startEtcd({ binary: etcdProgram() })
  })
  after(async () => {
    await etcd?.stop()
  })

  const bed = etcdBed(() => etcd.host)
  testWorks(
    () => bed,
    works.filter(({ name }) => isAll || RECIPES.test(name)),
    (fault) => isAll || FAULTS.test(fault),
  )
})
