/** Semaphore: how many leases are held, in which order, and who says how many there are. Time is a ManualClock's. */
import { expect } from 'chai'
import { type Held, Semaphore, type SemaphoreOptions, type ZooKeeper } from '../../lib/index.ts'
import { livenessBench, type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import {
  connect,
  contenders,
  cutBehindNextTxn,
  outcomeOf,
  PATH,
  passTime,
} from '../support/recipe-bench.ts'

describe('Semaphore', () => {
  const bench = livenessBench()
  let one: Member
  let a: ZooKeeper
  let b: ZooKeeper

  beforeEach(async () => {
    one = await bench.start()
    a = await connect(one)
    b = await connect(await bench.start())
  })

  const of = (client: ZooKeeper, options: Partial<SemaphoreOptions> = {}): Semaphore =>
    new Semaphore(client, PATH, { maxLeases: 2, ...options })

  /** Rejected or not, when all has come to rest. */
  async function result(acquire: Promise<Held>): Promise<string> {
    const outcome = outcomeOf(acquire)
    await settle()
    return outcome.now
  }

  for (const layout of ['curator', 'kazoo'] as const) {
    const leasesPath = layout === 'kazoo' ? PATH : `${PATH}/leases`
    const lockPath = layout === 'kazoo' ? `${PATH}-__lock__` : `${PATH}/locks`

    it(`no more than all leases are held, in the order of coming: layout ${layout}`, async () => {
      const waits: { acquire: Promise<Held>; outcome: { readonly now: string } }[] = []
      for (const client of [a, b, a, b, b]) {
        const acquire = of(client, { layout }).acquire()
        waits.push({ acquire, outcome: outcomeOf(acquire) })
        await settle()
      }
      const now = (): string[] => waits.map(({ outcome }) => outcome.now)
      expect(now()).to.deep.equal(['done', 'done', 'pending', 'pending', 'pending'])
      const tokens: number[] = []
      for (const [place, { acquire }] of waits.entries()) {
        const held = await acquire
        tokens.push(held.token)
        await held.release()
        await settle()
        const done = now().filter((one) => one === 'done').length
        expect(done).to.equal(Math.min(place + 3, waits.length))
      }
      expect(tokens).to.deep.equal(tokens.toSorted((x, y) => x - y))
      expect(await contenders(a, leasesPath)).to.deep.equal([])
      expect(await contenders(a, lockPath)).to.deep.equal([])
    })

    it(`several leases are one hold: layout ${layout}`, async () => {
      const options = { layout, maxLeases: 4, data: Buffer.from('mine') }
      const held = await of(a, options).acquire({ count: 3 })
      const names = await contenders(a, leasesPath)
      expect(names).to.have.length(3)
      const { data } = await a.getData(`${leasesPath}/${names[0]}`)
      expect(String(data)).to.equal('mine')
      const two = of(b, options).acquire({ count: 2 })
      expect(await result(two)).to.equal('pending')
      const next = of(a, options).acquire()
      expect(await result(next), 'nobody passes').to.equal('pending')
      await b.delete(`${leasesPath}/${names[1]}`)
      await settle()
      expect([held.isHeld, held.signal.reason.code]).to.deep.equal([false, 'ZK_NO_NODE'])
      expect([await result(two), await result(next)]).to.deep.equal(['done', 'done'])
      expect(await contenders(a, leasesPath)).to.have.length(3)
    })

    it(`a wait whose lock is deleted is in line again, at its end: layout ${layout}`, async () => {
      const options = { layout, maxLeases: 1 }
      const first = await of(b, options).acquire()
      const waiting = outcomeOf(of(a, options).acquire())
      await settle()
      const second = outcomeOf(of(b, options).acquire())
      await settle()
      const [lock] = (await contenders(b, lockPath)).toSorted((x, y) => numberOf(x) - numberOf(y))
      await b.delete(`${lockPath}/${lock}`)
      await settle()
      expect((await contenders(b, lockPath)).length).to.equal(2)
      await first.release()
      await settle()
      expect([waiting.now, second.now]).to.deep.equal(['pending', 'done'])
    })

    it(`a part of the leases is not enough after an unknown outcome: layout ${layout}`, async () => {
      await (await of(b, { layout, maxLeases: 3 }).acquire()).release()
      const { multi } = a
      a.multi = (ops) => {
        a.multi = multi
        cutBehindNextTxn(one, bench.backend)
        return a.multi(ops)
      }
      const held = outcomeOf(of(a, { layout, maxLeases: 3 }).acquire({ count: 3 }))
      await passTime(bench.clock, TIMEOUT_MS / 2)
      const names = await contenders(b, leasesPath)
      expect([names.length, held.now]).to.deep.equal([3, 'pending'])
      await b.delete(`${leasesPath}/${names[0]}`)
      one.store.mend()
      await passTime(bench.clock, 2_000)
      expect(held.now).to.equal('done')
      expect(await contenders(b, leasesPath)).to.have.length(3)
    })
  }

  it('a lock that is lost in the last moment gives no lease', async () => {
    let second: Promise<Held> | undefined
    let steal: (() => Promise<void>) | undefined
    const stolen = new Promise<void>((resolve) => {
      steal = async () => {
        steal = undefined
        // What its member has written is behind it: another write would show it those of others.
        await passTime(bench.clock, 1_000)
        one.store.cutFeed()
        const [lock] = await contenders(b, `${PATH}/locks`)
        await b.delete(`${PATH}/locks/${lock}`)
        second = of(b, { maxLeases: 1 }).acquire()
        expect(await result(second)).to.equal('done')
        resolve()
      }
    })
    const maxLeases = async (): Promise<number> => {
      await steal?.()
      return 1
    }
    const first = outcomeOf(of(a, { maxLeases }).acquire())
    await stolen
    await settle()
    one.store.mendFeed()
    await passTime(bench.clock, 1_000)
    expect(first.now, 'it is in line again').to.equal('pending')
    expect(await contenders(b, `${PATH}/leases`)).to.have.length(1)
    await (await second)?.release()
    await settle()
    expect(first.now).to.equal('done')
  })

  it('a number of leases that grows lets in whoever waits', async () => {
    let max = 1
    const options = { maxLeases: async () => max }
    const first = await of(a, options).acquire()
    const second = outcomeOf(of(b, options).acquire())
    await passTime(bench.clock, 2_000)
    expect(second.now).to.equal('pending')
    max = 2
    await passTime(bench.clock, 1_000)
    expect(second.now).to.equal('done')
    max = 0
    const third = outcomeOf(of(b, options).acquire())
    await first.release()
    await passTime(bench.clock, 2_000)
    expect(third.now).to.equal('pending')
  })

  for (const [how, maxLeases, name] of [
    ['throws', () => fail(), 'SyntaxError'],
    ['rejects', () => Promise.reject(new SyntaxError('mine')), 'SyntaxError'],
    ['returns no number', () => Number.NaN, 'RangeError'],
  ] as const) {
    it(`maxLeases that ${how} ends the wait, and leaves nothing`, async () => {
      expect(await result(of(a, { maxLeases }).acquire())).to.equal(name)
      expect(await contenders(a, `${PATH}/locks`)).to.deep.equal([])
      expect(await result(of(b).acquire())).to.equal('done')
    })
  }

  it('maxLeases that never settles: the wait ends as any other', async () => {
    const abort = new AbortController()
    const maxLeases = (): Promise<number> => new Promise(() => {})
    const outcome = outcomeOf(of(a, { maxLeases }).acquire({ signal: abort.signal }))
    await settle()
    abort.abort()
    await settle()
    expect(outcome.now).to.equal('AbortError')
    expect(await contenders(a, `${PATH}/locks`)).to.deep.equal([])
  })

  it('in layout kazoo all agree on the number of leases, and other data is left alone', async () => {
    const kazoo = { layout: 'kazoo' } as const
    await (await of(a, kazoo).acquire()).release()
    expect(String((await a.getData(PATH)).data)).to.equal('2')
    expect(await result(of(b, { ...kazoo, maxLeases: 3 }).acquire())).to.equal('RangeError')
    await a.setData(PATH, Buffer.from('ours'))
    expect(await result(of(b, { ...kazoo, maxLeases: 3 }).acquire())).to.equal('done')
    expect(String((await a.getData(PATH)).data)).to.equal('ours')
  })

  it('does not permit what makes no sense', async () => {
    for (const maxLeases of [0, -1, 1.5, Number.NaN]) {
      expect(() => of(a, { maxLeases })).to.throw(RangeError, 'maxLeases must be an integer')
    }
    const make = () => of(a, { layout: 'kazoo', maxLeases: () => 1 })
    expect(make).to.throw(TypeError, 'must be a number in layout kazoo')
    for (const count of [0, 1.5, 3]) {
      expect(await result(of(a).acquire({ count }))).to.equal('RangeError')
    }
  })
})

function fail(): never {
  throw new SyntaxError('mine')
}

const numberOf = (name: string): number => Number(name.slice(-10))
