/** The redis adapter when another server takes over, or the data is not what it was. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { connect, Keeper, type ZooKeeper } from '../../lib/index.ts'
import type { Revision, WriteOp } from '../../lib/store/types.ts'
import { bytes, rejection, Space, text } from '../conformance/support.ts'
import { eventually, untilFulfilled, untilRejected } from '../support/eventually.ts'
import { RedisBench } from '../support/redis-bench.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { pictureOf } from '../support/tree-picture.ts'

/** A primary that clients reach through `front`, and a replica that follows it through `link`. */
interface Pair {
  readonly primary: RedisServer
  readonly replica: RedisServer
  readonly front: TcpFaultProxy
  readonly link: TcpFaultProxy
}

describe('redis failover', function () {
  this.timeout(60_000)
  const bench = new RedisBench()
  const proxies: TcpFaultProxy[] = []

  before(function () {
    requireOrSkip(this, 'redis')
  })
  afterEach(async () => {
    await bench.end()
    for (const proxy of proxies.splice(0)) await proxy.stop()
  })

  async function startProxy(target: string): Promise<TcpFaultProxy> {
    const proxy = await TcpFaultProxy.start(target)
    proxies.push(proxy)
    return proxy
  }

  async function startPair(): Promise<Pair> {
    const primary = await bench.server()
    const link = await startProxy(primary.host)
    const replica = await bench.replica(link.host)
    return { primary, replica, link, front: await startProxy(primary.host) }
  }

  /** From now on the replica hears nothing more of the primary. */
  async function cutOff({ replica, link, primary }: Pair): Promise<void> {
    const [here, there] = [bench.client(primary), bench.client(replica)]
    await eventually(
      'the replica has everything',
      async () => (await offsetOf(here)) === (await offsetOf(there)),
    )
    link.pause('down')
  }

  /** The primary dies, the replica takes over, and clients are led to it. */
  async function failOver({ primary, replica, front }: Pair): Promise<void> {
    await primary.kill()
    await bench.client(replica).replicaof('NO', 'ONE')
    front.redirect(replica.host)
    front.cut()
  }

  async function offsetOf(client: ReturnType<RedisBench['client']>): Promise<string | undefined> {
    return /master_repl_offset:(\d+)/.exec(await client.info('replication'))?.[1]
  }

  describe('to a replica', () => {
    it('that has everything: watches go on, nothing lost or doubled, revisions go on upwards', async () => {
      const pair = await startPair()
      const store = await bench.open(pair.front.host)
      const space = new Space(store)
      const watch = space.watch((await space.write(space.put('a', '0'))) + 1)
      await watch.next()
      const last = await space.write(space.put('a', '1'))
      await cutOff(pair)
      await failOver(pair)
      const next = await untilFulfilled(() => space.write(space.put('a', '2')))
      expect(next).to.be.above(last + 1)
      expect(await watch.events(2)).to.deep.equal(['put a=1', 'put a=2'])
      expect((await space.get('a'))!.version).to.equal(3)
      expect((await space.all({ revision: last })).kvs.map((kv) => text(kv.value))).to.deep.equal([
        '1',
      ])
      await watch.end()
    })

    it('that lacks the tail: the watch says so before anything is written', async () => {
      const pair = await startPair()
      const space = new Space(await bench.open(pair.front.host))
      const watch = space.watch((await space.write(space.put('a', 'kept'))) + 1)
      await cutOff(pair)
      const lost = await space.write(space.put('a', 'lost'))
      await watch.events(1)
      await failOver(pair)
      await rejection(watch.events(2), 'STORE_COMPACTED')
      const { kvs, revision } = await space.all()
      expect(text(kvs[0]!.value)).to.equal('kept')
      const again = space.watch(revision + 1)
      expect(await space.write(space.put('a', 'new'))).to.be.above(lost)
      expect(await again.events(1)).to.deep.equal(['put a=new'])
      await again.end()
    })

    it('that lacks the tail: a watch, a read of the past and a guard from then find nothing', async () => {
      const pair = await startPair()
      const space = new Space(await bench.open(pair.front.host))
      await space.write(space.put('a', 'kept'))
      await cutOff(pair)
      const lost: Revision[] = []
      for (let i = 0; i < 5; i++) lost.push(await space.write(space.put('a', `lost ${i}`)))
      await failOver(pair)
      // Somebody else writes as many times: the versions are the same as before.
      const other = new Space(await bench.open(pair.replica.host))
      const put: WriteOp = { type: 'put', key: space.key('a'), value: bytes('new') }
      for (let i = 0; i < 5; i++) await other.write(put)
      const guard = { target: 'modRevision', key: space.key('a') } as const
      for (const equals of lost) {
        const { committed } = await untilFulfilled(() =>
          space.guarded([{ ...guard, equals }], space.put('a', 'wrong')),
        )
        expect(committed, `guarded by ${equals}`).to.equal(false)
      }
      const [kv] = (await space.all()).kvs
      expect(kv!.version).to.equal(6)
      expect(lost).to.not.include(kv!.modRevision)
      await rejection(space.watch(lost.at(-1)! + 1).events(1), 'STORE_COMPACTED')
      await rejection(space.all({ revision: lost.at(-1)! }), 'STORE_COMPACTED')
    })

    it('that takes over after another one from the same point: their revisions differ', async () => {
      const primary = await bench.server()
      const links = [await startProxy(primary.host), await startProxy(primary.host)]
      const replicas = await Promise.all(links.map((link) => bench.replica(link.host)))
      const space = new Space(await bench.open(primary.host))
      await space.write(space.put('a', '0'))
      const clients = replicas.map((replica) => bench.client(replica))
      await eventually('the replicas have everything', async () => {
        const sizes = await Promise.all(clients.map((c) => c.hlen('{anykeeper}:records')))
        return sizes.every((size) => size === 1)
      })
      await primary.kill()
      const revisions = await Promise.all(
        replicas.map(async (replica, i) => {
          await clients[i]!.replicaof('NO', 'ONE')
          const one = new Space(await bench.open(replica.host))
          return one.write({ type: 'put', key: space.key('a'), value: bytes('1') })
        }),
      )
      expect(revisions[0]).to.not.equal(revisions[1])
    })

    it('a lease that was granted in the lost tail is gone, one before it has its whole TTL', async () => {
      const pair = await startPair()
      const store = await bench.open(pair.front.host)
      const kept = await store.grantLease({ ttlMs: 2_000 })
      await cutOff(pair)
      const lost = await store.grantLease({ ttlMs: 60_000 })
      // The renewals are lost with the tail: by what the replica knows the lease is overdue.
      const endMs = performance.now() + 2_500
      while (performance.now() < endMs) {
        await store.keepLeaseAlive(kept.id)
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
      await failOver(pair)
      await untilFulfilled(() => store.keepLeaseAlive(kept.id))
      await rejection(store.keepLeaseAlive(lost.id), 'STORE_LEASE_NOT_FOUND')
    })
  })

  describe('keepers over the loss of the tail', () => {
    it('reload and agree; nothing is planned on what was lost; sessions that saw it end', async () => {
      const pair = await startPair()
      const limits = { historyRetentionMs: 0, reaperIntervalMs: 3_600_000 }
      const open = async () => {
        const store = await bench.open(pair.front.host)
        return Keeper.open({ store, limits })
      }
      const keepers = [await open(), await open()]
      const clients = await Promise.all(keepers.map((keeper) => connect(keeper)))
      const [a, b] = clients as [ZooKeeper, ZooKeeper]
      await a.create('/n', bytes('kept'))
      await b.sync()
      await cutOff(pair)
      for (let i = 0; i < 20; i++) await a.setData('/n', bytes(`lost ${i}`))
      await a.create('/lost')
      await b.sync()
      await failOver(pair)
      // Both together, on what they still believe: nothing of it may be acknowledged.
      const early = await Promise.allSettled([
        a.setData('/n', bytes('a'), 20),
        b.setData('/n', bytes('b'), 20),
      ])
      expect(early.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected'])
      await eventually(
        'both sessions end',
        () => clients.every(({ state }) => state === 'lost'),
        40_000,
      )
      const [c, d] = (await Promise.all(
        keepers.map((keeper) => untilFulfilled(() => connect(keeper))),
      )) as [ZooKeeper, ZooKeeper]
      await Promise.all([c.setData('/n', bytes('c')), d.setData('/n', bytes('d'))])
      await Promise.all([c.sync(), d.sync()])
      expect(await c.exists('/lost')).to.equal(undefined)
      const { stat } = await c.getData('/n')
      expect(stat.version, 'two sets on top of what was kept').to.equal(2)
      expect(stat.mzxid).to.be.above(2 ** 32)
      const [first, second] = keepers.map(visible)
      expect(second).to.deep.equal(first)
      for (const { historyLossCount } of keepers) expect(historyLossCount).to.be.at.least(1)
      const third = await open()
      expect(visible(third)).to.deep.equal(first)
      for (const keeper of [...keepers, third]) await keeper.close(0)
    })
  })

  describe('a server with other data', () => {
    it('an older copy of its data: the watch says so, revisions go on above', async () => {
      const server = await bench.server()
      const space = new Space(await bench.open(server.host))
      await space.write(space.put('a', 'old'))
      const copy = join(server.folder, 'copy')
      cpSync(join(server.folder, 'appendonlydir'), copy, { recursive: true })
      const lost = await space.write(space.put('a', 'lost'))
      const watch = space.watch(lost)
      await watch.events(1)
      await server.kill()
      rmSync(join(server.folder, 'appendonlydir'), { recursive: true })
      cpSync(copy, join(server.folder, 'appendonlydir'), { recursive: true })
      await server.start()
      await rejection(watch.events(2), 'STORE_COMPACTED')
      expect(text((await space.get('a'))!.value)).to.equal('old')
      expect(await space.write(space.put('a', 'new'))).to.be.above(lost)
    })

    it('emptied: every call and every watch fails for good, nothing is begun anew', async () => {
      const server = await bench.server()
      const store = await bench.open(server.host)
      const space = new Space(store)
      const watch = space.watch((await space.write(space.put('a'))) + 1)
      await watch.next()
      const client = bench.client(server)
      await client.flushall()
      const gone = await rejection(watch.events(1), 'STORE_INTERNAL')
      expect(gone.message).to.include('is gone from the server')
      expect(gone.retriable).to.equal(false)
      const write = await rejection(space.write(space.put('a')), 'STORE_INTERNAL')
      expect(write.outcome).to.equal('unapplied')
      await rejection(space.all(), 'STORE_INTERNAL')
      expect(await client.dbsize()).to.equal(0)
      // Another process begins anew: still not what this handle knew.
      await bench.open(server.host)
      const other = await rejection(space.write(space.put('a')), 'STORE_INTERNAL')
      expect(other.message).to.include('created again')
      await rejection(store.grantLease({ ttlMs: 5_000 }), 'STORE_INTERNAL')
    })

    it('incomplete data is refused, not taken for an empty tree', async () => {
      const server = await bench.server()
      const space = new Space(await bench.open(server.host))
      await space.write(space.put('a'), space.put('b'))
      const client = bench.client(server)
      await client.del('{anykeeper}:records')
      await rejection(space.all(), 'STORE_INTERNAL')
      await client.del('{anykeeper}:state')
      const error = await rejection(bench.open(server.host), 'STORE_INTERNAL')
      expect(error.message).to.include('incomplete')
    })

    it('of a newer format is refused', async () => {
      const server = await bench.server()
      await bench.open(server.host)
      await bench.client(server).hset('{anykeeper}:state', 'format', '2')
      const error = await rejection(bench.open(server.host), 'STORE_UNSUPPORTED')
      expect(error.message).to.include('written by a newer anykeeper')
    })
  })

  describe('a server that refuses', () => {
    it('a replica: unavailable and unapplied, and goes on when it is a primary again', async () => {
      const other = await bench.server()
      const server = await bench.server()
      const store = await bench.open(server.host)
      const space = new Space(store)
      await space.write(space.put('a', '1'))
      const client = bench.client(server)
      // Nothing to replicate from, so its data stays.
      await other.kill()
      await client.replicaof('127.0.0.1', other.port)
      for (const call of [
        () => space.write(space.put('a', '2')),
        () => space.all(),
        () => store.grantLease({ ttlMs: 5_000 }),
        () => bench.open(server.host),
      ]) {
        const error = await rejection(call(), 'STORE_UNAVAILABLE')
        expect([error.outcome, error.retriable]).to.deep.equal(['unapplied', true])
        expect(error.message).to.include('replica')
      }
      await client.replicaof('NO', 'ONE')
      await space.write(space.put('a', '2'))
      expect((await space.get('a'))!.version).to.equal(2)
    })

    it('without memory: STORE_NO_SPACE and unapplied; deletes, leases, compaction go on', async () => {
      const server = await bench.server({ settings: { 'maxmemory-policy': 'noeviction' } })
      const store = await bench.open(server.host)
      const space = new Space(store)
      const client = bench.client(server)
      const lease = await store.grantLease({ ttlMs: 30_000 })
      const short = await store.grantLease({ ttlMs: 1_000 })
      await space.write(space.put('short', '1', short.id))
      const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))![1])
      await client.config('SET', 'maxmemory', String(used + 20_000_000))
      let count = 0
      const fill = async (): Promise<never> => {
        for (;;) {
          await space.write(space.put(`k${count}`, 'x'.repeat(1_000_000)))
          count++
        }
      }
      const error = await rejection(fill(), 'STORE_NO_SPACE')
      expect(error.outcome).to.equal('unapplied')
      expect((await space.all({ keysOnly: true })).kvs.length, 'nothing half done').to.be.at.least(
        count,
      )
      expect(await space.get(`k${count}`)).to.equal(undefined)
      await store.keepLeaseAlive(lease.id)
      await eventually('the short lease ended', async () => !(await space.get('short')), 30_000)
      for (let i = 0; i < count; i++) await space.write(space.delete(`k${i}`))
      await store.compact((await space.all()).revision)
      await untilFulfilled(() => space.write(space.put('k', 'x'.repeat(1_000_000))))
    })

    it('that still loads its data: unavailable and unapplied, then goes on', async () => {
      const server = await bench.server({
        settings: {
          'loading-process-events-interval-bytes': '1024',
          // Unit: µs.
          'key-load-delay': '500',
        },
      })
      // A log-in is slow too while the server loads on a busy machine.
      const store = await bench.open(server.host, { writeTimeoutMs: 10_000, readTimeoutMs: 10_000 })
      const space = new Space(store)
      for (let i = 0; i < 1_000; i += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, j) => space.write(space.put(`k${i + j}`))))
      }
      await server.kill()
      await server.start({ isLoaded: false })
      // Something else is said until the client is connected again.
      await untilRejected(() => space.write(space.put('a')), /LOADING/, 'unapplied')
      await untilFulfilled(() => space.write(space.put('a')))
      expect((await space.all()).kvs).to.have.length(1_001)
    })

    it('busy with a script of somebody else: unavailable and unapplied', async () => {
      const server = await bench.server({ settings: { 'lua-time-limit': '100' } })
      const store = await bench.open(server.host, { writeTimeoutMs: 5_000 })
      const space = new Space(store)
      await space.write(space.put('a', '1'))
      const [client, somebody] = [bench.client(server), bench.client(server)]
      await Promise.all([client.ping(), somebody.ping()])
      const endless = somebody.eval('while true do end', 0)
      const killed = endless.catch((error: Error) => error.message)
      await eventually('busy', () =>
        client.ping().then(
          () => false,
          (error: Error) => error.message.startsWith('BUSY'),
        ),
      )
      const error = await rejection(space.write(space.put('a', '2')), 'STORE_UNAVAILABLE')
      expect(error.outcome).to.equal('unapplied')
      await client.script('KILL')
      expect(await killed).to.include('killed')
      await untilFulfilled(() => space.write(space.put('a', '3')))
      expect((await space.get('a'))!.version).to.equal(2)
    })
  })
})

/** Without the count of batches, which grows with every write-behind. */
function visible(keeper: Keeper): unknown {
  return { ...pictureOf(keeper), seq: 0 }
}
