/** The etcd adapter keeps to the contract on a real server. */
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { storeConformance } from '../conformance/store.ts'
import { startEtcd } from '../support/etcd-server.ts'

for (const flags of [[], ['--max-txn-ops=4096']]) {
  storeConformance({
    name: ['etcd', ...flags].join(' '),
    features: { persistent: true, shared: true, txnOpsMax: flags.length === 0 ? 128 : 4_096 },
    factory: async () => {
      const server = await startEtcd({ flags })
      return {
        open: () => openEtcdStore({ hosts: [server.host], progressMs: 200 }),
        stop: () => server.stop(),
      }
    },
  })
}
