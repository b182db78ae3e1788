/** LeaderSelector, its callbacks and its ends; the faults are in recipe-selector-faults. */
import { expect } from 'chai'
import { LeaderSelector, type SelectorOptions, type ZooKeeper } from '../../lib/index.ts'
import { settle } from '../support/manual-clock.ts'
import { contenders, outcomeOf, PATH } from '../support/recipe-bench.ts'
import { selectorBench } from '../support/selector-bench.ts'
import { uncaughtDuring } from '../support/two-clients.ts'

describe('LeaderSelector', () => {
  const { clients, said, work, candidate, pair } = selectorBench()
  const { pass, ownOf } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  beforeEach(() => {
    ;({ a, b } = clients)
  })

  it('gives the leadership up when takeLeadership returns, and stands again only when requeued', async () => {
    const [first, second] = await pair()
    expect(await second.leader()).to.equal('a')
    expect(await second.participants()).to.deep.equal([
      { id: 'a', isLeader: true },
      { id: 'b', isLeader: false },
    ])
    expect(first.requeue(), 'it is one already').to.equal(false)
    work('a').end()
    await settle()
    expect(said.splice(0)).to.deep.equal(['a lost AbortError', 'b leads'])
    expect([first.isLeader, first.isQueued, first.isClosed]).to.deep.equal([false, false, false])
    expect(await contenders(a)).to.have.length(1)
    expect(first.requeue()).to.equal(true)
    await settle()
    expect(await contenders(a)).to.have.length(2)
    work('b').end()
    await settle()
    expect(said).to.deep.equal(['b lost AbortError', 'a leads'])
    await first.close()
    expect(first.requeue()).to.equal(false)
    await settle()
    expect(await contenders(a)).to.deep.equal([])
    expect(await second.leader()).to.equal(undefined)
    await second.close()
  })

  it('stands again by itself with autoRequeue', async () => {
    const [first, second] = await pair({ autoRequeue: true })
    for (const id of ['a', 'b', 'a', 'b']) {
      work(id).end()
      await settle()
    }
    expect(said.filter((line) => line.endsWith('leads'))).to.deep.equal([
      'b leads',
      'a leads',
      'b leads',
      'a leads',
    ])
    await first.close()
    await second.close()
    expect(await contenders(a)).to.deep.equal([])
  })

  it('close() ends takeLeadership by its signal, and the leadership only then', async () => {
    const [first, second] = await pair()
    work('a').isStubborn = true
    work('a').end()
    await settle()
    work('b').end()
    await settle()
    said.length = 0
    first.requeue()
    await settle()
    second.requeue()
    await settle()
    const [leadership] = work('a').leaderships.slice(-1)
    expect(leadership?.isHeld).to.equal(true)
    const closed = outcomeOf(first.close())
    await settle()
    expect([leadership?.isHeld, leadership?.signal.aborted, closed.now]).to.deep.equal([
      false,
      true,
      'pending',
    ])
    await pass(4_000)
    expect(second.isLeader, 'it still runs').to.equal(false)
    work('a').end()
    await settle()
    expect([second.isLeader, closed.now]).to.deep.equal([true, 'done'])
    await second.close()
  })

  it('a takeLeadership that does not end loses the leadership after graceMs, and does not run twice', async () => {
    const first = candidate(a, 'a', { graceMs: 1_000, autoRequeue: true })
    const second = candidate(b, 'b')
    work('a').isStubborn = true
    await first.start()
    await second.start()
    first.interrupt()
    await pass(750)
    expect(second.isLeader).to.equal(false)
    await pass(500)
    expect(second.isLeader).to.equal(true)
    expect(await contenders(b), 'a does not stand while it runs').to.have.length(1)
    work('a').end()
    await settle()
    expect(await contenders(b)).to.have.length(2)
    work('b').end()
    await settle()
    expect(first.isLeader).to.equal(true)
    const closed = outcomeOf(first.close())
    await pass(1_250)
    expect(closed.now, 'it is not waited for').to.equal('done')
    expect(await contenders(b)).to.deep.equal([])
    work('a').end()
    await second.close()
  })

  it('a takeLeadership that throws is reported, the leadership is given up, and it stands again a second later', async () => {
    const [first, second] = await pair({ autoRequeue: true })
    work('a').fail()
    await settle()
    expect(said.splice(0)).to.have.members(['a error RangeError', 'a lost AbortError', 'b leads'])
    expect(await contenders(a)).to.have.length(1)
    await pass(1_000)
    expect(await contenders(a)).to.have.length(2)
    const thrower = candidate(a, 'c', {
      takeLeadership() {
        throw new RangeError('mine')
      },
    })
    await thrower.start()
    await second.close()
    await first.close()
    await settle()
    expect(said).to.include('c error RangeError')
    expect([thrower.isClosed, thrower.isQueued]).to.deep.equal([false, true])
    await pass(1_000)
    expect(thrower.isQueued).to.equal(false)
    expect(await contenders(a)).to.deep.equal([])
    await thrower.close()
  })

  it('an onLost that throws is reported, and harms nothing', async () => {
    const first = candidate(a, 'a', {
      onLost() {
        throw new RangeError('mine')
      },
    })
    await first.start()
    await a.delete(await ownOf(a))
    await settle()
    expect(said).to.deep.equal(['a leads', 'a error RangeError', 'a leads'])
    await first.close()
  })

  it('an error that nobody receives is thrown in a task of its own', async () => {
    const thrown = await uncaughtDuring(async () => {
      const first = new LeaderSelector(a, PATH, {
        takeLeadership() {
          throw new RangeError('mine')
        },
      })
      await first.start()
      await settle()
      await first.close()
    })
    expect(thrown.map(String)).to.deep.equal(['RangeError: mine'])
  })

  it('start() rejects when it cannot stand, and closes', async () => {
    await a.create(PATH, null, { mode: 'ephemeral' })
    const first = candidate(a, 'a')
    const started = outcomeOf(first.start())
    await settle()
    expect([started.now, first.isClosed]).to.deep.equal(['ZK_NO_CHILDREN_FOR_EPHEMERALS', true])
    expect(said).to.deep.equal(['a error ZK_NO_CHILDREN_FOR_EPHEMERALS'])
    expect(first.requeue()).to.equal(false)
    await first.close()
  })

  it('does not permit what makes no sense', () => {
    const takeLeadership = (): void => {}
    expect(() => new LeaderSelector(a, '/', { takeLeadership })).to.throw(TypeError)
    expect(() => new LeaderSelector(a, PATH, {} as SelectorOptions)).to.throw(TypeError)
    expect(() => new LeaderSelector(a, PATH, { takeLeadership, graceMs: -1 })).to.throw(TypeError)
  })
})
