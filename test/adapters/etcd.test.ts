/** The etcd adapter keeps to the contract on a real server. Faults: etcd-faults.test.ts. */
import { expect } from 'chai'
import type { Context } from 'mocha'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { keeperConformance, type StoreFixture, storeConformance } from '../conformance/index.ts'
import { requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { otherEtcdProgram, requireOrSkip, versions } from '../support/requirements.ts'

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

for (const line of ['3.5', '3.7'] as const) {
  describe(`etcd adapter on ${versions.etcdOthers[line]}`, () => {
    before(function (this: Context) {
      requireOrSkip(this, `etcd-${line}`)
    })

    const factory = async (): Promise<StoreFixture> => {
      const server = await startEtcd({ binary: otherEtcdProgram(line) })
      return {
        open: () => openEtcdStore({ hosts: [server.host], progressMs: 200 }),
        stop: () => server.stop(),
        restart: async () => {
          await server.kill()
          await server.restart()
        },
      }
    }
    storeConformance({
      name: `etcd ${line}`,
      features: { persistent: true, shared: true },
      factory,
    })

    it('is the version that it is taken for', async () => {
      const server = await startEtcd({ binary: otherEtcdProgram(line) })
      expect(server.version).to.equal(versions.etcdOthers[line])
      await server.stop()
    })
  })
}
