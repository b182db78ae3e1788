/** The etcd adapter when the network or the server misbehaves: nothing lost, nothing doubled. */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import type { EtcdStoreOptions } from '../../adapters/etcd/store-options.ts'
import type { StoreError } from '../../lib/index.ts'
import { rejection, Space } from '../conformance/support.ts'
import {
  type EtcdServer,
  type EtcdServerOptions,
  requireEtcd,
  startEtcd,
} from '../support/etcd-server.ts'
import { eventually, untilFulfilled } from '../support/eventually.ts'
import { type FaultBed, serverFaults } from './server-faults.ts'

type Options = Partial<EtcdStoreOptions>

const etcd: FaultBed<EtcdServer, Options> = {
  name: 'etcd',
  require: requireEtcd,
  startServer: () => startEtcd(),
  open: (host, options) => openEtcdStore({ hosts: [host], ...options }),
  namesCompactRevision: true,
  laterCallsEndWith: ['STORE_TIMEOUT'],
}

serverFaults(etcd, (bench) => {
  const owned: EtcdServer[] = []

  /** A server of one test's own. */
  async function startOwn(options: EtcdServerOptions = {}): Promise<EtcdServer> {
    const own = await startEtcd(options)
    owned.push(own)
    return own
  }

  afterEach(async () => {
    for (const own of owned.splice(0)) await own.stop()
  })

  describe('writes', () => {
    it('one that cannot even connect is unapplied', async () => {
      const own = await startOwn()
      const store = await bench.open({ writeTimeoutMs: 2_000 }, own.host)
      await own.stop()
      const space = new Space(store)
      // The first may still meet the dying connection.
      await space.write(space.put('a')).catch(() => {})
      const error = await rejection(space.write(space.put('a')), 'STORE_UNAVAILABLE')
      expect(error.outcome).to.equal('unapplied')
      expect(error.retriable).to.equal(true)
    })

    it('a full quota is STORE_NO_SPACE, with an unknown outcome', async () => {
      const own = await startOwn({ flags: ['--quota-backend-bytes=1000000'] })
      const store = await openEtcdStore({ hosts: [own.host] })
      const space = new Space(store)
      const fill = async (): Promise<void> => {
        // etcd sees its size grow only with each flush of its backend, every 100 ms.
        for (let i = 0; i < 1_000; i++) await space.write(space.put(`k${i}`, 'x'.repeat(200_000)))
      }
      const error = await rejection(fill(), 'STORE_NO_SPACE')
      expect(error.outcome).to.equal('unknown')
      await store.close()
    })
  })

  describe('members', () => {
    it('a black-holed member costs its deadline, then reads and writes use the next', async () => {
      const { proxy, server } = bench
      proxy.pause('up')
      proxy.pause('down')
      const store = await bench.open({ hosts: [proxy.host, server.host], readTimeoutMs: 2_000 })
      const space = new Space(store)
      await space.write(space.put('a', '1'))
      expect(space.names(await space.all())).to.deep.equal(['a'])
    })

    it('a member lost while in use: reads go on at once, writes after one failure', async () => {
      const { proxy, server } = bench
      const store = await bench.open({ hosts: [proxy.host, server.host] })
      const space = new Space(store)
      await space.write(space.put('a', '1'))
      proxy.pause('down')
      expect(space.names(await space.all())).to.deep.equal(['a'])
      await space.write(space.put('b', '1'))
    })

    it('a compaction that frees nothing in time is STORE_TIMEOUT, and is carried out', async () => {
      const { proxy, direct } = bench
      const store = await bench.open()
      const space = new Space(store)
      const old = await space.write(space.put('a', '1'))
      const revision = await space.write(space.put('a', '2'))
      proxy.pause('down')
      await rejection(store.compact(revision, { freedMs: 300 }), 'STORE_TIMEOUT')
      await eventually(
        'it is compacted',
        () =>
          direct.range({ start: Buffer.from('a'), revision: old }).then(
            () => false,
            ({ code }: StoreError) => code === 'STORE_COMPACTED',
          ),
        30_000,
      )
    })

    it('no member named: opening is rejected with STORE_INVALID', async () => {
      await rejection(bench.open({ hosts: [] }), 'STORE_INVALID')
    })
  })

  describe('a stopped server', () => {
    it('a restarted server is found again by reads, writes, watches and renewals', async () => {
      const own = await startOwn()
      const store = await bench.open({}, own.host)
      const space = new Space(store)
      const lease = await store.grantLease({ ttlMs: 60_000 })
      const watch = space.watch((await space.write(space.put('a', '0', lease.id))) + 1)
      await watch.next()
      await own.kill()
      await own.restart()
      await untilFulfilled(() => space.write(space.put('a', '1', lease.id)))
      await untilFulfilled(() => store.keepLeaseAlive(lease.id))
      expect((await watch.events(1))[0]).to.equal('put a=1')
      await watch.end()
    })
  })

  describe('the server', () => {
    it('probing what it allows writes nothing', async () => {
      const { direct, server } = bench
      const before = await direct.range({ start: Buffer.from('x') })
      const store = await bench.open()
      const after = await store.range({ start: Buffer.from('x') })
      expect(after.revision).to.equal(before.revision)
      expect(store.features.txnOpsMax).to.equal(128)
      expect(store.serverVersion).to.equal(server.version)
    })
  })
})
