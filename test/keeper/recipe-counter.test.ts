/** AtomicCounter in bad weather: each fault × its calls. Time is a ManualClock's. */
import { expect } from 'chai'
import { AtomicCounter, type CounterLayout, type ZooKeeper } from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { cutBehindNextTxn, outcomeOf } from '../support/recipe-bench.ts'
import { failureOf, twoClients } from '../support/two-clients.ts'

const PATH = '/counts/mine'

describe('AtomicCounter', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  beforeEach(() => {
    ;({ a, b, one } = clients)
  })

  const layouts: [layout: CounterLayout, delta: number, data: Buffer][] = [
    ['curator', -2, Buffer.from('fffffffffffffffe', 'hex')],
    ['curator-int', 258, Buffer.from('00000102', 'hex')],
    ['kazoo', -12, Buffer.from('-12')],
    ['kazoo-float', 1.5, Buffer.from('1.5')],
  ]
  for (const [layout, delta, data] of layouts) {
    it(`${layout}: is made when missing, added to, set, and compared`, async () => {
      const counter = new AtomicCounter(a, PATH, { layout })
      expect(await counter.get()).to.equal(0)
      expect(await a.exists(PATH), 'a read makes none').to.equal(undefined)
      expect(await counter.add(delta)).to.deep.equal({ before: 0, after: delta })
      expect(Buffer.from((await a.getData(PATH)).data ?? [])).to.deep.equal(data)
      expect(await counter.add(-3)).to.deep.equal({ before: delta, after: delta - 3 })
      await counter.set(4)
      expect(await counter.compareAndSet(5, 6)).to.equal(false)
      expect(await counter.compareAndSet(4, 6)).to.equal(true)
      expect(await counter.get()).to.equal(6)
      const { version } = (await a.exists(PATH)) ?? {}
      for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const refused = outcomeOf(counter.add(wrong))
        await settle()
        expect(refused.now).to.equal('RangeError')
      }
      await a.setData(PATH, Buffer.from('x'))
      const read = outcomeOf(counter.add(1))
      await settle()
      expect(read.now).to.equal('ZK_MARSHALLING')
      expect((await a.exists(PATH))?.version).to.equal(Number(version) + 1)
    })
  }

  it('a sum that the layout does not have is refused, and nothing is written', async () => {
    for (const [layout, max] of [
      ['curator', Number.MAX_SAFE_INTEGER],
      ['curator-int', 2 ** 31 - 1],
      ['kazoo', Number.MAX_SAFE_INTEGER],
      ['kazoo-float', Number.MAX_VALUE],
    ] as const) {
      const counter = new AtomicCounter(a, `/${layout}`, { layout })
      await counter.set(max)
      const refused = outcomeOf(counter.add(layout === 'kazoo-float' ? max : 1))
      await settle()
      expect([refused.now, await counter.get()], layout).to.deep.equal(['RangeError', max])
    }
    await a.setData('/curator', Buffer.from('7fffffffffffffff', 'hex'))
    const read = outcomeOf(new AtomicCounter(a, '/curator').get())
    await settle()
    expect(read.now).to.equal('ZK_MARSHALLING')
  })

  it('an empty znode has the initial value, as those that kazoo makes', async () => {
    await a.create('/counts', null)
    await a.create(PATH, null)
    const counter = new AtomicCounter(a, PATH, { layout: 'kazoo', initial: 7 })
    expect(await counter.add(1)).to.deep.equal({ before: 7, after: 8 })
  })

  it('two clients that add at the same time lose nothing', async () => {
    const sums = [a, b].map((client) => new AtomicCounter(client, PATH, { attemptsMax: 1_000 }))
    const adds = sums.flatMap((sum) => Array.from({ length: 20 }, () => sum.add(1)))
    const all = outcomeOf(Promise.all(adds))
    for (let i = 0; i < 400 && all.now === 'pending'; i++) await bench.clock.advance(10)
    const after = (await Promise.all(adds)).map((change) => change.after).sort((x, y) => x - y)
    expect(after).to.deep.equal(Array.from({ length: 40 }, (_, i) => i + 1))
    await b.sync()
    expect(await sums[1]?.get()).to.equal(40)
  })

  it('gives up after attemptsMax, and has added nothing', async () => {
    const counter = new AtomicCounter(a, PATH, { attemptsMax: 3 })
    await counter.set(0)
    let reads = 0
    const busy = new Proxy(a, {
      get(client, name) {
        const value: unknown = Reflect.get(client, name, client)
        if (typeof value !== 'function') return value
        if (name !== 'getData') return value.bind(client)
        return async (path: string) => {
          const found = await client.getData(path)
          reads += 1
          await client.setData(path, found.data)
          return found
        }
      },
    })
    const failure = failureOf(new AtomicCounter(busy, PATH, { attemptsMax: 3 }).add(1))
    await pass(1_000)
    expect([failure.now, reads, await counter.get()]).to.deep.equal([
      'ZK_BAD_VERSION unapplied',
      3,
      0,
    ])
  })

  for (const [what, isThere] of [
    ['setData', true],
    ['create', false],
  ] as const) {
    it(`an add with an unknown outcome of its ${what} is reported as that, and added once`, async () => {
      await a.create('/counts', null)
      if (isThere) await new AtomicCounter(a, PATH).set(0)
      cutBehindNextTxn(one, bench.backend)
      const failure = failureOf(new AtomicCounter(a, PATH).add(1))
      await pass(TIMEOUT_MS / 2)
      expect(failure.now).to.equal('ZK_CONNECTION_LOSS unknown')
      one.store.mend()
      await pass(2_000)
      expect(await new AtomicCounter(b, PATH).get()).to.equal(1)
    })
  }

  it('an add waits through an outage that began before, and ends by timeout, signal and session', async () => {
    const counter = new AtomicCounter(a, PATH)
    await counter.set(0)
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const abort = new AbortController()
    const adds = [
      counter.add(1),
      counter.add(1, { timeoutMs: 1_000 }),
      counter.add(1, { signal: abort.signal }),
    ].map(outcomeOf)
    abort.abort()
    await pass(1_000)
    expect(adds.map(({ now }) => now)).to.deep.equal([
      'pending',
      'ZK_OPERATION_TIMEOUT',
      'AbortError',
    ])
    one.store.mend()
    await pass(2_000)
    expect([adds[0]?.now, await counter.get()]).to.deep.equal(['done', 1])
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const last = failureOf(counter.add(1))
    await pass(TIMEOUT_MS)
    expect(last.now).to.equal('ZK_SESSION_EXPIRED unapplied')
  })

  it('does not permit what makes no sense', () => {
    for (const options of [{ layout: 'odd' as 'kazoo' }, { attemptsMax: 0 }, { initial: 0.5 }]) {
      expect(() => new AtomicCounter(a, PATH, options)).to.throw()
    }
    expect(() => new AtomicCounter(a, '/')).to.throw(TypeError)
  })
})
