/** The etcd adapter keeps to the contract on a real server. Faults: etcd-faults.test.ts. */
import type { Context } from 'mocha'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { storeConformance } from '../conformance/store.ts'
import { requireEtcd, startEtcd } from '../support/etcd-server.ts'

describe('etcd adapter', () => {
  before(function (this: Context) {
    requireEtcd(this)
  })

  for (const { flags, txnOpsMax } of [
    { flags: [], txnOpsMax: 128 },
    { flags: ['--max-txn-ops=4096'], txnOpsMax: 4_096 },
  ]) {
    storeConformance({
      name: ['etcd', ...flags].join(' '),
      features: { persistent: true, shared: true, txnOpsMax },
      factory: async () => {
        const server = await startEtcd({ flags })
        return {
          open: () => openEtcdStore({ hosts: [server.host], progressMs: 200 }),
          stop: () => server.stop(),
        }
      },
    })
  }
})
