/** The redis adapter when the network or the server stands still: nothing lost, nothing doubled. */
import { inspect } from 'node:util'
import { expect } from 'chai'
import type { RedisStoreOptions } from '../../adapters/redis/redis-store.ts'
import type { ServerStore } from '../../lib/store/server-store.ts'
import { rejection, Space, text } from '../conformance/support.ts'
import { untilFulfilled } from '../support/eventually.ts'
import { RedisBench } from '../support/redis-bench.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

describe('redis faults', function () {
  this.timeout(60_000)
  const bench = new RedisBench()
  let server: RedisServer
  let proxy: TcpFaultProxy
  /** Straight to the server. */
  let direct: ServerStore

  /** Through the fault proxy. */
  const open = (options: Partial<RedisStoreOptions> = {}) => bench.open(proxy.host, options)

  before(async function () {
    requireOrSkip(this, 'redis')
    server = await startRedis()
  })
  after(() => server?.stop())
  beforeEach(async () => {
    proxy = await TcpFaultProxy.start(server.host)
    direct = await bench.open(server.host)
  })
  afterEach(async () => {
    await bench.end()
    await proxy.stop()
  })

  describe('watch', () => {
    it('five cuts in the middle of a catch-up lose and double nothing', async () => {
      const store = await open()
      const space = new Space(direct)
      const count = 6_000
      const value = 'x'.repeat(200)
      const revisions: number[] = []
      for (let i = 0; i < count; i += 200) {
        const writes = Array.from({ length: 200 }, (_, j) =>
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
      await watch.end()
    })

    it('cuts while it is up to date lose and double nothing', async () => {
      const store = await open()
      const space = new Space(direct)
      const watch = space.watch((await space.write(space.put('a', '0'))) + 1, store)
      await watch.next()
      for (let i = 1; i <= 300; i++) {
        if (i % 30 === 0) proxy.cut()
        await space.write(space.put('a', `${i}`))
      }
      const all = Array.from({ length: 300 }, (_, i) => `put a=${i + 1}`)
      expect(await watch.events(300)).to.deep.equal(all)
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

    it('a silent connection is given up, and the held-back events are not doubled', async () => {
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
      await direct.compact(await space.write(space.put('a', '4')))
      // A second generation, so that the entries are really gone.
      await direct.compact(await space.write(space.put('a', '5')))
      const ended = rejection(watch.events(5), 'STORE_COMPACTED')
      proxy.refuse(false)
      await ended
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

    it('a watch that is slower than the others fetches what it missed', async () => {
      const own = await bench.server({ appendOnly: false })
      const space = new Space(await bench.open(own.host, { writeTimeoutMs: 10_000 }))
      const from = (await space.write(space.put('a', '0'))) + 1
      const slow = space.watch(from)
      const fast = space.watch(from)
      await slow.next()
      // More than the reader keeps for slow ones.
      const value = 'x'.repeat(8_000_000)
      for (let i = 1; i <= 10; i++) {
        await space.write(space.put(`k${i}`, value))
        await fast.events(i)
      }
      const names = (await slow.events(10)).map((event) => event.split('=')[0])
      expect(names).to.deep.equal(Array.from({ length: 10 }, (_, i) => `put k${i + 1}`))
      await Promise.all([slow.end(), fast.end()])
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

    it('one that cannot even connect is unapplied, and fails at once', async () => {
      const store = await open()
      const space = new Space(store)
      proxy.refuse(true)
      proxy.cut()
      // The first may still meet the dying connection.
      await space.write(space.put('a')).catch(() => {})
      const startedMs = performance.now()
      const error = await rejection(space.write(space.put('a')), 'STORE_UNAVAILABLE')
      expect(error.outcome).to.equal('unapplied')
      expect(error.retriable).to.equal(true)
      expect(performance.now() - startedMs).to.be.below(900)
      proxy.refuse(false)
      await untilFulfilled(() => space.write(space.put('a')))
    })

    it('go on when the server has forgotten the scripts', async () => {
      const space = new Space(direct)
      await space.write(space.put('a', '1'))
      await bench.client(server).script('FLUSH')
      await Promise.all([space.write(space.put('a', '2')), space.write(space.put('b', '2'))])
      expect((await space.get('a'))!.version).to.equal(2)
    })

    it('an error carries nothing of what was sent', async () => {
      const store = await open({ writeTimeoutMs: 20_000 })
      const space = new Space(store)
      await space.all()
      proxy.pause('down')
      const lost = rejection(space.write(space.put('a', 'secret-value')), 'STORE_UNAVAILABLE')
      await valueBecomes(space.key('a'), 'secret-value')
      proxy.cut()
      proxy.resume('down')
      await bench.client(server).set('{other}:state', 'no hash')
      const wrong = rejection(bench.open(server.host, { name: 'other' }), 'STORE_INTERNAL')
      const shown = inspect([await lost, await wrong], { depth: 10 })
      expect(shown).to.not.include('secret').and.not.include('EVALSHA')
    })
  })

  describe('no server at all', () => {
    it('opening is rejected with STORE_UNAVAILABLE or STORE_TIMEOUT', async () => {
      proxy.pause('down')
      await rejection(open(), 'STORE_TIMEOUT')
      await rejection(bench.open('127.0.0.1:1'), 'STORE_UNAVAILABLE')
      await rejection(bench.open('no-such-host.invalid:1'), 'STORE_UNAVAILABLE')
    })
  })

  describe('leases', () => {
    it('a renewal without an answer ends at its deadline; the next takes a new connection', async () => {
      const store = await open()
      const lease = await store.grantLease({ ttlMs: 30_000 })
      await store.keepLeaseAlive(lease.id)
      proxy.pause('down')
      const calls = [1, 2, 3].map(() => store.keepLeaseAlive(lease.id))
      // The end of the first is that of the connection, and so of all that wait on it.
      const settled = Promise.allSettled(calls)
      await rejection(calls[0]!, 'STORE_TIMEOUT')
      const statuses = (await settled).map(({ status }) => status)
      expect(statuses).to.deep.equal(['rejected', 'rejected', 'rejected'])
      proxy.resume('down')
      expect(await store.keepLeaseAlive(lease.id)).to.deep.equal({ ttlMs: lease.ttlMs })
    })

    it('end although the one who was granted them is out of reach, by another handle', async () => {
      const store = await open()
      const space = new Space(direct)
      const { id } = await store.grantLease({ ttlMs: 1_000 })
      const revision = await space.write(space.put('a', '1', id))
      proxy.refuse(true)
      proxy.cut()
      const watch = space.watch(revision + 1)
      expect(await watch.events(1)).to.deep.equal(['delete a'])
      await watch.end()
    })
  })

  describe('a stopped server', () => {
    it('calls end within their deadlines, all goes on when it wakes up, leases have their TTL', async () => {
      const own = await bench.server()
      const store = await bench.open(own.host)
      const space = new Space(store)
      const { id } = await store.grantLease({ ttlMs: 2_500 })
      const watch = space.watch(await space.write(space.put('a', '0', id)))
      await watch.events(1)
      own.child.signal('SIGSTOP')
      try {
        const startedMs = performance.now()
        const [, write] = await Promise.all([
          rejection(space.all(), 'STORE_TIMEOUT'),
          rejection(space.write(space.put('x', '1')), 'STORE_TIMEOUT'),
          rejection(store.keepLeaseAlive(id), 'STORE_TIMEOUT'),
        ])
        expect(write.outcome).to.equal('unknown')
        expect(performance.now() - startedMs).to.be.below(10_000)
        // Past its deadline, while nobody could have renewed it.
        await new Promise((resolve) => setTimeout(resolve, 3_000))
      } finally {
        own.child.signal('SIGCONT')
      }
      await untilFulfilled(() => space.all())
      await untilFulfilled(() => store.keepLeaseAlive(id))
      await untilFulfilled(() => space.write(space.put('b', 'awake')))
      expect(await space.get('a'), 'its lease lived on').to.not.equal(undefined)
      while (!watch.seen.some(({ events }) => events.includes('put b=awake'))) await watch.next()
      while (!watch.seen.some(({ events }) => events.includes('delete a'))) await watch.next()
      await watch.end()
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
