/** The redis adapter when the network or the server stands still: nothing lost, nothing doubled. */
import { inspect } from 'node:util'
import { expect } from 'chai'
import { openRedisStore } from '../../adapters/redis/redis-store.ts'
import type { RedisStoreOptions } from '../../adapters/redis/store-options.ts'
import { rejection, Space } from '../conformance/support.ts'
import { untilFulfilled } from '../support/eventually.ts'
import { RedisBench } from '../support/redis-bench.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { type FaultBed, serverFaults } from './server-faults.ts'

type Options = Partial<RedisStoreOptions>

const redis: FaultBed<RedisServer, Options> = {
  name: 'redis',
  require: (context) => requireOrSkip(context, 'redis'),
  startServer: () => startRedis(),
  open(address, options) {
    const [host, port] = address.split(':')
    return openRedisStore({ host: host!, port: Number(port), sweepMs: 100, ...options })
  },
  // What follows a cut feed is as unknown to the reader as what follows a failover.
  namesCompactRevision: false,
  // The end of the first is that of the connection, and so of all that wait on it.
  laterCallsEndWith: ['STORE_TIMEOUT', 'STORE_UNAVAILABLE'],
}

serverFaults(redis, (bench) => {
  const own = new RedisBench()
  afterEach(() => own.end())

  describe('watch', () => {
    it('a watch that is slower than the others fetches what it missed', async () => {
      const server = await own.server({ appendOnly: false })
      // Large values take long on a busy machine, and a page that is late is read again.
      const patience = { writeTimeoutMs: 10_000, readTimeoutMs: 10_000 }
      const space = new Space(await own.open(server.host, patience))
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
  })

  describe('writes', () => {
    it('one that cannot even connect is unapplied, and fails at once', async () => {
      const { proxy } = bench
      // Longer than the test may take: it is not patience that ends it.
      const store = await bench.open({ writeTimeoutMs: 120_000 })
      const space = new Space(store)
      proxy.refuse(true)
      proxy.cut()
      // The first may still meet the dying connection.
      await space.write(space.put('a')).catch(() => {})
      const error = await rejection(space.write(space.put('a')), 'STORE_UNAVAILABLE')
      expect(error.outcome).to.equal('unapplied')
      expect(error.retriable).to.equal(true)
      proxy.refuse(false)
      await untilFulfilled(() => space.write(space.put('a')))
    })

    it('go on when the server has forgotten the scripts', async () => {
      const space = new Space(bench.direct)
      await space.write(space.put('a', '1'))
      await own.client(bench.server).script('FLUSH')
      await Promise.all([space.write(space.put('a', '2')), space.write(space.put('b', '2'))])
      expect((await space.get('a'))!.version).to.equal(2)
    })

    it('an error carries nothing of what was sent', async () => {
      const { proxy, server } = bench
      const store = await bench.open({ writeTimeoutMs: 20_000 })
      const space = new Space(store)
      await space.all()
      proxy.pause('down')
      const lost = rejection(space.write(space.put('a', 'secret-value')), 'STORE_UNAVAILABLE')
      await bench.valueBecomes(space.key('a'), 'secret-value')
      proxy.cut()
      proxy.resume('down')
      await own.client(server).set('{other}:state', 'no hash')
      const wrong = rejection(own.open(server.host, { name: 'other' }), 'STORE_INTERNAL')
      const shown = inspect([await lost, await wrong], { depth: 10 })
      expect(shown).to.not.include('secret').and.not.include('EVALSHA')
    })
  })

  describe('no server at all', () => {
    it('a name without an address is STORE_UNAVAILABLE', async () => {
      // The name is looked up by the system, which takes its time on a busy machine.
      const options = { readTimeoutMs: 20_000 }
      await rejection(bench.open(options, 'no-such-host.invalid:1'), 'STORE_UNAVAILABLE')
    })
  })

  describe('leases', () => {
    it('end although the one who was granted them is out of reach, by another handle', async () => {
      const { proxy, direct } = bench
      const store = await bench.open()
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
    it('leases that were due meanwhile have their whole TTL when it wakes up', async () => {
      const server = await own.server()
      const store = await own.open(server.host)
      const space = new Space(store)
      const { id } = await store.grantLease({ ttlMs: 2_500 })
      const watch = space.watch(await space.write(space.put('a', '0', id)))
      await watch.events(1)
      server.signal('SIGSTOP')
      try {
        // Past its deadline, while nobody could have renewed it.
        await new Promise((resolve) => setTimeout(resolve, 3_000))
      } finally {
        server.signal('SIGCONT')
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
})
