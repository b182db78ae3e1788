/** The etcd adapter keeps to the contract on a real server. Faults: etcd-faults.test.ts. */
import type { Context } from 'mocha'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { keeperConformance, type StoreFixture, storeConformance } from '../conformance/index.ts'
import { requireEtcd, startEtcd } from '../support/etcd-server.ts'

describe('etcd adapter', () => {
  before(function (this: Context) {
    requireEtcd(this)
  })

  for (const { flags, txnOpsMax } of [
    { flags: [], txnOpsMax: 128 },
    { flags: ['--max-txn-ops=4096'], txnOpsMax: 4_096 },
  ]) {
    const name = ['etcd', ...flags].join(' ')
    const factory = async (): Promise<StoreFixture> => {
      const server = await startEtcd({ flags })
      return {
        open: () => openEtcdStore({ hosts: [server.host], progressMs: 200 }),
        stop: () => server.stop(),
        restart: async () => {
          await server.kill()
          await server.restart()
        },
      }
    }
    const features = { persistent: true, shared: true, txnOpsMax }
    storeConformance({ name, features, factory })
    if (txnOpsMax === 128) keeperConformance({ name, factory })
  }
})
