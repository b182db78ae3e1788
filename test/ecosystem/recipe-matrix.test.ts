/** A selection of the recipes in each kind of bad weather, on a real etcd with real clocks. */

import { etcdBed } from '../support/etcd-bed.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { testRecipes } from '../support/recipe-matrix.ts'
import { recipes } from '../support/recipe-scenes.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'

const RECIPES = new Set([
  'Mutex, entered twice',
  'ReadWriteLock, write behind a writer that became a reader, layout curator',
  'Semaphore, 3 of 5 leases, layout curator',
  'DoubleBarrier, entered, layout kazoo',
])
const FAULTS = /deleted|holder is stopped|outcome of (?:write|the release)|everybody|is let in$/

describe('recipes × faults on etcd', function () {
  this.timeout(90_000)
  let etcd: EtcdServer
  before(async function () {
    requireOrSkip(this, 'etcd')
    etcd = await startEtcd({ binary: etcdProgram() })
  })
  after(async () => {
    await etcd?.stop()
  })

  const bed = etcdBed(() => etcd.host)
  testRecipes(
    () => bed,
    recipes.filter(({ name }) => RECIPES.has(name)),
    (fault) => FAULTS.test(fault),
  )
})
