/** The etcd adapter when the network or the server misbehaves: nothing lost, nothing doubled. */
import { expect } from 'chai'
import type { Context } from 'mocha'
import { type EtcdStoreOptions, openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { ServerStore } from '../../lib/store/server-store.ts'
import { rejection, Space, text } from '../conformance/support.ts'
import {
  type EtcdServer,
  type EtcdServerOptions,
  requireEtcd,
  startEtcd,
} from '../support/etcd-server.ts'
import { untilFulfilled } from '../support/eventually.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

describe('etcd faults', function () {
  this.timeout(60_000)
  let server: EtcdServer
  let proxy: TcpFaultProxy
  /** Straight to the server. */
  let direct: ServerStore
  const opened: MetadataStore[] = []
  const owned: EtcdServer[] = []

  /** Through the fault proxy, with short patience. */
  async function open(options: Partial<EtcdStoreOptions> = {}): Promise<ServerStore> {
    const store = await openEtcdStore({
      hosts: [proxy.host],
      progressMs: 100,
      writeTimeoutMs: 1_000,
      readTimeoutMs: 1_000,
      renewTimeoutMs: 500,
      ...options,
    })
    opened.push(store)
    return store
  }

  /** A server of one test's own. */
  async function startOwn(options: EtcdServerOptions = {}): Promise<EtcdServer> {
    const own = await startEtcd(options)
    owned.push(own)
    return own
  }

  before(async function (this: Context) {
    requireEtcd(this)
    server = await startEtcd()
    direct = await openEtcdStore({ hosts: [server.host] })
  })
  after(async () => {
    await direct?.close()
    await server?.stop()
  })
  beforeEach(async () => {
    proxy = await TcpFaultProxy.start(server.host)
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    for (const own of owned.splice(0)) await own.stop()
    await proxy.stop()
  })

  describe('watch', () => {
    it('five cuts in the middle of a catch-up lose and double nothing', async () => {
      const store = await open()
      const space = new Space(direct)
      const count = 6_000
      const value = 'x'.repeat(200)
      const revisions: number[] = []
      for (let i = 0; i < count; i += 100) {
        const writes = Array.from({ length: 100 }, (_, j) =>
          space.write(space.put(`k${i + j}`, value)),
        )
        revisions.push(...(await Promise.all(writes)))
      }
      const watch = space.watch(Math.min(...revisions), store)
      const all = watch.events(count)
      for (let cut = 0; cut < 5; cut++) {
        await proxy.passedDown(150_000)
        proxy.cut()
      }
      expect(new Set(await all).size).to.equal(count)
      expect(watch.seen).to.have.length(count)
      expect(proxy.connections).to.be.at.least(6)
      await watch.end()
    })

    it('goes on where it was after an outage, with what was written meanwhile', async () => {
      const store = await open()
      const space = new Space(direct)
      const watch = space.watch((await space.write(space.put('a', '0'))) + 1, store)
      await watch.next()
      proxy.refuse(true)
      proxy.cut()
      for (let i = 1; i <= 5; i++) await space.write(space.put('a', `${i}`))
      const seen = watch.events(5)
      proxy.refuse(false)
      expect(await seen).to.deep.equal([1, 2, 3, 4, 5].map((i) => `put a=${i}`))
      await watch.end()
    })

    it('a silent stream is given up and reopened, and the held-back events are not doubled', async () => {
      const store = await open()
      const space = new Space(direct)
      const watch = space.watch((await space.write(space.put('a', '0'))) + 1, store)
      await watch.next()
      const before = proxy.connections
      proxy.pause('down')
      await space.write(space.put('a', '1'))
      const seen = watch.events(1)
      while (proxy.connections === before) await new Promise((resolve) => setTimeout(resolve, 20))
      proxy.resume('down')
      expect(await seen).to.deep.equal(['put a=1'])
      await space.write(space.put('a', '2'))
      expect(await watch.events(2)).to.deep.equal(['put a=1', 'put a=2'])
      await watch.end()
    })

    it('compaction while it was away is STORE_COMPACTED', async () => {
      const store = await open()
      const space = new Space(direct)
      const watch = space.watch((await space.write(space.put('a', '0'))) + 1, store)
      await watch.next()
      proxy.refuse(true)
      proxy.cut()
      for (let i = 1; i <= 3; i++) await space.write(space.put('a', `${i}`))
      const last = await space.write(space.put('a', '4'))
      await direct.compact(last)
      const ended = rejection(watch.events(4), 'STORE_COMPACTED')
      proxy.refuse(false)
      expect((await ended).compactRevision).to.equal(last)
    })

    it('compaction of exactly the revisions it has seen does not end it', async () => {
      const store = await open()
      const space = new Space(direct)
      const watch = space.watch((await space.write(space.put('a', '0'))) + 1, store)
      await watch.next()
      proxy.refuse(true)
      proxy.cut()
      const next = await space.write(space.put('a', '1'))
      await direct.compact(next)
      const seen = watch.events(1)
      proxy.refuse(false)
      expect(await seen).to.deep.equal(['put a=1'])
      await watch.end()
    })

    it('abort ends it at once while the server is out of reach', async () => {
      const store = await open()
      const space = new Space(direct)
      const watch = space.watch((await space.write(space.put('a'))) + 1, store)
      await watch.next()
      proxy.pause('down')
      proxy.pause('up')
      await watch.end()
    })
  })

  describe('writes', () => {
    it('one whose reply is lost with the connection is unknown, and applied exactly once', async () => {
      const store = await open({ writeTimeoutMs: 20_000 })
      const space = new Space(store)
      await space.write(space.put('a', '0'))
      proxy.pause('down')
      const lost = rejection(space.write(space.put('a', '1')), 'STORE_UNAVAILABLE')
      await valueBecomes(space.key('a'), '1')
      proxy.cut()
      proxy.resume('down')
      expect((await lost).outcome).to.equal('unknown')
      await space.write(space.put('b'))
      expect((await space.get('a'))!.version, 'one put before, one put lost').to.equal(2)
    })

    it('one whose reply never comes ends at its deadline, unknown, and is not sent again', async () => {
      const store = await open()
      const space = new Space(store)
      await space.write(space.put('a', '0'))
      proxy.pause('down')
      const error = await rejection(space.write(space.put('a', '1')), 'STORE_TIMEOUT')
      expect(error.outcome).to.equal('unknown')
      proxy.resume('down')
      await space.write(space.put('b'))
      expect((await space.get('a'))!.version).to.equal(2)
    })

    it('one that cannot even connect is unapplied', async () => {
      const own = await startOwn()
      const store = await openEtcdStore({ hosts: [own.host], writeTimeoutMs: 2_000 })
      opened.push(store)
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
    })
  })

  describe('members', () => {
    it('a black-holed member costs its deadline, then reads and writes use the next', async () => {
      proxy.pause('up')
      proxy.pause('down')
      const store = await open({ hosts: [proxy.host, server.host], readTimeoutMs: 2_000 })
      const space = new Space(store)
      await space.write(space.put('a', '1'))
      expect(space.names(await space.all())).to.deep.equal(['a'])
    })

    it('a member lost while in use: reads go on at once, writes after one failure', async () => {
      const store = await open({ hosts: [proxy.host, server.host] })
      const space = new Space(store)
      await space.write(space.put('a', '1'))
      proxy.pause('down')
      expect(space.names(await space.all())).to.deep.equal(['a'])
      await space.write(space.put('b', '1'))
    })

    it('no member at all: opening is rejected with STORE_UNAVAILABLE or STORE_TIMEOUT', async () => {
      proxy.pause('down')
      await rejection(open(), 'STORE_TIMEOUT')
      await rejection(open({ hosts: ['127.0.0.1:1'] }), 'STORE_UNAVAILABLE')
      await rejection(open({ hosts: [] }), 'STORE_INVALID')
    })
  })

  describe('leases', () => {
    it('a renewal without an answer ends at its deadline; the next takes a new stream', async () => {
      const store = await open()
      const lease = await store.grantLease({ ttlMs: 30_000 })
      await store.keepLeaseAlive(lease.id)
      proxy.pause('down')
      const pending = [1, 2, 3].map(() =>
        rejection(store.keepLeaseAlive(lease.id), 'STORE_TIMEOUT'),
      )
      await Promise.all(pending)
      proxy.resume('down')
      expect(await store.keepLeaseAlive(lease.id)).to.deep.equal({ ttlMs: lease.ttlMs })
    })

    it('renewals on a cut connection are rejected at once', async () => {
      const store = await open({ renewTimeoutMs: 20_000 })
      const lease = await store.grantLease({ ttlMs: 30_000 })
      await store.keepLeaseAlive(lease.id)
      proxy.pause('down')
      const lost = rejection(store.keepLeaseAlive(lease.id), 'STORE_UNAVAILABLE')
      proxy.cut()
      await lost
      proxy.resume('down')
      await store.keepLeaseAlive(lease.id)
    })
  })

  describe('a stopped server', () => {
    it('calls end within their deadlines, and all goes on when it wakes up', async () => {
      const store = await open()
      const space = new Space(store)
      const watch = space.watch(await space.write(space.put('a', '0')))
      await watch.events(1)
      const lease = await store.grantLease({ ttlMs: 60_000 })
      await store.keepLeaseAlive(lease.id)
      server.signal('SIGSTOP')
      try {
        const startedMs = performance.now()
        const [, write] = await Promise.all([
          rejection(space.all(), 'STORE_TIMEOUT'),
          rejection(space.write(space.put('a', '1')), 'STORE_TIMEOUT'),
          rejection(store.keepLeaseAlive(lease.id), 'STORE_TIMEOUT'),
        ])
        expect(write.outcome).to.equal('unknown')
        expect(performance.now() - startedMs).to.be.below(10_000)
      } finally {
        server.signal('SIGCONT')
      }
      await untilFulfilled(() => space.all())
      await untilFulfilled(() => store.keepLeaseAlive(lease.id))
      await untilFulfilled(() => space.write(space.put('b', 'awake')))
      const events = await watch.events(2)
      while (!events.includes('put b=awake')) {
        await watch.next()
        events.splice(0, events.length, ...watch.seen.flatMap((group) => group.events))
      }
      await watch.end()
    })

    it('a restarted server is found again by reads, writes, watches and renewals', async () => {
      const own = await startOwn()
      const store = await open({ hosts: [own.host] })
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
      const before = await direct.range({ start: Buffer.from('x') })
      const store = await open()
      const after = await store.range({ start: Buffer.from('x') })
      expect(after.revision).to.equal(before.revision)
      expect(store.features.txnOpsMax).to.equal(128)
      expect(store.serverVersion).to.equal(server.version)
    })
  })

  /** Seen from the server's side. */
  async function valueBecomes(start: Uint8Array, value: string): Promise<void> {
    for (;;) {
      const [kv] = (await direct.range({ start })).kvs
      if (kv !== undefined && text(kv.value) === value) return
    }
  }
})
