/** SharedCount in bad weather: each fault × reads, writes and listeners. Time is a ManualClock's. */
import { expect } from 'chai'
import { SharedCount, type SharedCountOptions, type ZooKeeper } from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { cutBehindNextTxn, outcomeOf } from '../support/recipe-bench.ts'
import { connectRenewing } from '../support/renewing-client.ts'
import { failureOf, twoClients, uncaughtDuring, wordOf } from '../support/two-clients.ts'

const PATH = '/counts/mine'

describe('SharedCount', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let said: string[]
  const counts: SharedCount[] = []
  beforeEach(() => {
    ;({ a, b, one } = clients)
    said = []
  })
  afterEach(async () => {
    for (const count of counts.splice(0)) await count.close()
  })

  function countOf(client: ZooKeeper, options: SharedCountOptions = {}): SharedCount {
    const count = new SharedCount(client, PATH, {
      onError: (error) => said.push(`error ${wordOf(error)}`),
      ...options,
    })
    counts.push(count)
    return count
  }

  /** Values that a listener gets. */
  function follow(count: SharedCount): { readonly values: number[]; cancel: () => void } {
    const values: number[] = []
    return { values, cancel: count.onChange(({ value }) => values.push(value)) }
  }

  it('begins with the seed, is set, and set by version', async () => {
    const mine = countOf(a, { seed: 7 })
    const theirs = countOf(b)
    expect(await mine.get()).to.equal(7)
    expect((await a.getData(PATH)).data).to.deep.equal(Buffer.from([0, 0, 0, 7]))
    await settle()
    const { version } = await theirs.getVersioned()
    await mine.set(-2)
    expect(await theirs.trySet(9, version)).to.equal(false)
    await settle()
    const seen = await theirs.getVersioned()
    expect(seen).to.deep.equal({ value: -2, version: version + 1 })
    expect(await theirs.trySet(9, seen.version)).to.equal(true)
    await settle()
    expect(await mine.get()).to.equal(9)
    await a.delete(PATH)
    expect(await mine.trySet(1, 0), 'there is none').to.equal(false)
    await mine.set(3)
    expect(await mine.get()).to.equal(3)
  })

  it('data that are no count are an error, and empty ones are the seed', async () => {
    await a.create('/counts', null)
    await a.create(PATH, Buffer.from([1, 2]))
    const count = countOf(a, { seed: 5 })
    const read = outcomeOf(count.get())
    const { values } = follow(count)
    await settle()
    expect([read.now, said.splice(0)]).to.deep.equal(['ZK_MARSHALLING', ['error ZK_MARSHALLING']])
    await b.setData(PATH, null)
    await settle()
    expect([await count.get(), values]).to.deep.equal([5, [5]])
  })

  it('listeners get the count as it is and each change, also when it was deleted', async () => {
    const count = countOf(a, { seed: 1 })
    const { values, cancel } = follow(count)
    await settle()
    const theirs = countOf(b)
    for (const value of [2, 2, 3]) {
      await theirs.set(value)
      await settle()
    }
    await b.delete(PATH)
    await settle()
    expect(values).to.deep.equal([1, 2, 2, 3, 1])
    cancel()
    await theirs.set(4)
    await settle()
    expect(values).to.have.length(5)
    const early = follow(count)
    early.cancel()
    const last = follow(count)
    await settle()
    expect(early.values, 'cancelled before the first read').to.deep.equal([])
    await count.close()
    await theirs.set(5)
    await settle()
    expect(last.values).to.deep.equal([4])
  })

  it('a listener that throws or rejects is reported, and harms no other', async () => {
    const count = countOf(a)
    count.onChange(() => {
      throw new RangeError('mine')
    })
    count.onChange((async () => {
      throw new RangeError('mine')
    }) as () => void)
    const { values } = follow(count)
    await settle()
    await countOf(b).set(1)
    await settle()
    expect(values).to.deep.equal([0, 1])
    expect(said).to.deep.equal(Array.from({ length: 4 }, () => 'error CALLBACK_FAILED'))
  })

  it('a set with an unknown outcome is reported as that, and not sent again', async () => {
    const count = countOf(a)
    await count.get()
    await settle()
    cutBehindNextTxn(one, bench.backend)
    const failure = failureOf(count.set(5))
    await pass(TIMEOUT_MS / 2)
    expect(failure.now).to.equal('ZK_CONNECTION_LOSS unknown')
    one.store.mend()
    await pass(2_000)
    await countOf(b).set(6)
    await pass(2_000)
    expect(await count.getVersioned()).to.deep.equal({ value: 6, version: 2 })
  })

  it('the seed with an unknown outcome is there once', async () => {
    await a.create('/counts', null)
    cutBehindNextTxn(one, bench.backend)
    const read = outcomeOf(countOf(a, { seed: 5 }).getVersioned())
    await pass(TIMEOUT_MS / 2)
    expect(read.now).to.equal('pending')
    one.store.mend()
    await pass(2_000)
    expect(read.now).to.equal('done')
    expect(await countOf(b).getVersioned()).to.deep.equal({ value: 5, version: 0 })
  })

  it('calls in an outage wait for its end, and were not sent before', async () => {
    const count = countOf(a)
    await count.get()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    expect(a.state).to.equal('suspended')
    const calls = [count.set(5), count.get()].map(outcomeOf)
    await settle()
    expect(calls.map(({ now }) => now)).to.deep.equal(['pending', 'pending'])
    one.store.mend()
    await pass(2_000)
    expect(calls.map(({ now }) => now)).to.deep.equal(['done', 'done'])
    expect(await count.getVersioned()).to.deep.equal({ value: 5, version: 1 })
  })

  it('waits end by timeout, signal and session, and say whether a write was in flight', async () => {
    const count = countOf(a)
    await count.get()
    one.store.cutWrites()
    const abort = new AbortController()
    const sent = failureOf(count.set(5, { timeoutMs: 1_000 }))
    const aborted = outcomeOf(count.set(5, { signal: abort.signal }))
    abort.abort()
    await pass(1_000)
    expect([sent.now, aborted.now]).to.deep.equal(['ZK_OPERATION_TIMEOUT unknown', 'AbortError'])
    one.store.mendWrites()
    await pass(1_000)
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const unsent = failureOf(count.set(6, { timeoutMs: 1_000 }))
    const ended = failureOf(count.set(6))
    await pass(TIMEOUT_MS)
    expect([unsent.now, ended.now]).to.deep.equal([
      'ZK_OPERATION_TIMEOUT unapplied',
      'ZK_SESSION_EXPIRED unapplied',
    ])
    one.store.mend()
    await pass(2_000)
    expect(await countOf(b).get()).to.equal(5)
  })

  it('a write that is in flight when its session ends has an unknown outcome', async () => {
    const count = countOf(a)
    await count.get()
    one.store.cutWrites()
    const failure = failureOf(count.set(5))
    await settle()
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(1_000)
    expect(failure.now).to.equal('ZK_SESSION_EXPIRED unknown')
    one.store.mendWrites()
  })

  it('listeners follow through an outage, a pause and a replaced session', async () => {
    const { client } = await connectRenewing(one)
    const { values } = follow(countOf(client))
    const theirs = countOf(b)
    await settle()
    one.store.cut()
    await pass(TIMEOUT_MS / 4)
    await theirs.set(1)
    one.store.mend()
    await pass(2_000)
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      await theirs.set(2)
    })
    await pass(2_000)
    await theirs.set(3)
    await settle()
    expect(values).to.deep.equal([0, 1, 2, 3])
    expect(said).to.deep.equal([])
  })

  it('a listener whose session expires, and none follows, is reported to have ended', async () => {
    const { values } = follow(countOf(a))
    const thrown = await uncaughtDuring(async () => {
      const silent = new SharedCount(a, PATH)
      counts.push(silent)
      follow(silent)
      await settle()
      await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
      await pass(1_000)
    })
    expect([values, said]).to.deep.equal([[0], ['error ZK_SESSION_EXPIRED']])
    expect(thrown.map(wordOf)).to.deep.equal(['ZK_SESSION_EXPIRED'])
  })

  it('a client’s close ends listeners and waits', async () => {
    const count = new SharedCount(a, PATH)
    const { values } = follow(count)
    await settle()
    await a.close()
    const late = outcomeOf(count.get())
    await settle()
    expect([values, late.now]).to.deep.equal([[0], 'ZK_SESSION_EXPIRED'])
    await count.close()
  })

  it('does not permit what makes no sense', async () => {
    expect(() => new SharedCount(a, '/')).to.throw(TypeError)
    for (const seed of [0.5, 2 ** 31, Number.NaN]) {
      expect(() => countOf(a, { seed })).to.throw(RangeError)
    }
    const count = countOf(a)
    const calls = [count.set(0.5), count.trySet(1, -1), count.trySet(1.5, 0)].map(outcomeOf)
    await settle()
    expect(calls.map(({ now }) => now)).to.deep.equal(['RangeError', 'TypeError', 'RangeError'])
  })
})
