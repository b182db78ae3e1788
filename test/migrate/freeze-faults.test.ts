/**
 * Processes are killed or stopped while a take-over waits for the proxies that serve for the ensemble: it ends all the same, or fails and
 * everything is as before. Nothing that was acknowledged is missing, nothing is there twice, and sessions live.
 */
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { startZookeeperEnsemble, type ZookeeperEnsemble } from '../support/zookeeper-server.ts'
import { FaultBed, faultEnsemble } from './serving/fault-bed.ts'
import { FAULTS, type FaultName } from './serving/faults.ts'

/** The others take longer: npm run test:serve-while-following-hunt -- --faults all. */
const SHORT: readonly FaultName[] = ['killed', 'take-over-killed']

describe('migrate: faults while a take-over waits', function () {
  this.timeout(180_000)
  let etcd: EtcdServer
  let ensemble: ZookeeperEnsemble

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9')
    etcd = await startEtcd({ binary: etcdProgram() })
    ensemble = await startZookeeperEnsemble(faultEnsemble('3.9'))
  })
  after(async () => {
    await ensemble?.stop()
    await etcd?.stop()
  })

  for (const name of SHORT) {
    it(FAULTS[name].title, async () => {
      const bed = await FaultBed.open(ensemble, `etcd://${etcd.host}`, name)
      try {
        await FAULTS[name].run(bed)
      } finally {
        await bed.close()
      }
    })
  }
})
