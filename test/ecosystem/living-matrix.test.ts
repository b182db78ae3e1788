/** A selection of what lives on in each kind of bad weather, on a real etcd with real clocks; `RECIPES=all`: all of it. */
import { etcdBed } from '../support/etcd-bed.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { testLivings } from '../support/living-matrix.ts'
import { livings } from '../support/living-scenes.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'

const RECIPES = /^LeaderLatch, layout curator$|^PersistentNode, ephemeral$/
const FAULTS = /session ends out of reach|process is stopped/
const isAll = process.env.RECIPES === 'all'

describe('what lives on × faults on etcd', function () {
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
  testLivings(
    () => bed,
    livings.filter(({ name }) => isAll || RECIPES.test(name)),
    (fault) => isAll || FAULTS.test(fault),
  )
})
