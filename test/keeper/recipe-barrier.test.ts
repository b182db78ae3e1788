/** Barrier: set, removed and waited for, also through outages. Time is a ManualClock's. */
import { expect } from 'chai'
import { Barrier, createOp, type ZooKeeper } from '../../lib/index.ts'
import { livenessBench, type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { connect, cutBehindNextTxn, outcomeOf, passTime } from '../support/recipe-bench.ts'

const PATH = '/jobs/gate'

describe('Barrier', () => {
  const bench = livenessBench()
  let one: Member
  let a: ZooKeeper
  let b: ZooKeeper
  let ours: Barrier
  let theirs: Barrier

  beforeEach(async () => {
    one = await bench.start()
    a = await connect(one)
    b = await connect(await bench.start())
    ours = new Barrier(a, PATH)
    theirs = new Barrier(b, PATH)
  })

  it('holds back everybody while it is set', async () => {
    await ours.wait()
    await ours.set()
    await ours.set()
    await settle()
    const waits = [theirs.wait(), theirs.wait(), ours.wait()].map(outcomeOf)
    await settle()
    expect(waits.map(({ now }) => now)).to.deep.equal(['pending', 'pending', 'pending'])
    await b.setData(PATH, Buffer.from('a note'))
    await settle()
    expect(waits.map(({ now }) => now)).to.deep.equal(['pending', 'pending', 'pending'])
    await theirs.remove()
    await theirs.remove()
    await settle()
    expect(waits.map(({ now }) => now)).to.deep.equal(['done', 'done', 'done'])
    await ours.wait()
  })

  it('lets those pass that waited, although it is set again immediately', async () => {
    await ours.set()
    await settle()
    const wait = outcomeOf(theirs.wait())
    await settle()
    await a.multi([{ type: 'delete', path: PATH, version: -1 }, createOp(PATH, null)])
    await settle()
    expect(wait.now).to.equal('done')
  })

  for (const verb of ['set', 'remove'] as const) {
    it(`${verb}() whose answer is lost is done once`, async () => {
      await ours.set()
      if (verb === 'set') await ours.remove()
      await settle()
      cutBehindNextTxn(one, bench.backend)
      const outcome = outcomeOf(ours[verb]())
      await passTime(bench.clock, TIMEOUT_MS / 2)
      expect([a.state, outcome.now]).to.deep.equal(['suspended', 'pending'])
      one.store.mend()
      await passTime(bench.clock, 2_000)
      expect(outcome.now).to.equal('done')
      expect((await b.exists(PATH)) !== undefined).to.equal(verb === 'set')
    })
  }

  it('remove() whose answer is lost leaves a barrier that was set after it', async () => {
    await ours.set()
    await settle()
    cutBehindNextTxn(one, bench.backend)
    const outcome = outcomeOf(ours.remove())
    await settle()
    await theirs.set()
    await passTime(bench.clock, TIMEOUT_MS / 2)
    expect([a.state, outcome.now]).to.deep.equal(['suspended', 'pending'])
    one.store.mend()
    await passTime(bench.clock, 2_000)
    expect(outcome.now).to.equal('done')
    expect(await b.exists(PATH)).to.not.equal(undefined)
  })

  it('set() and remove() end as every wait does', async () => {
    await ours.set()
    await settle()
    one.store.cut()
    const abort = new AbortController()
    const waits = [
      ours.set({ signal: abort.signal }),
      ours.remove({ timeoutMs: 1_000 }),
      ours.remove(),
    ].map(outcomeOf)
    abort.abort()
    await passTime(bench.clock, TIMEOUT_MS + 1_000)
    expect(waits.map(({ now }) => now)).to.deep.equal([
      'AbortError',
      'ZK_OPERATION_TIMEOUT',
      'ZK_SESSION_EXPIRED',
    ])
  })

  it('does not permit what makes no sense', async () => {
    expect(() => new Barrier(a, '/')).to.throw(TypeError, 'not a path for a recipe')
    const outcome = outcomeOf(ours.wait({ timeoutMs: 0 }))
    await settle()
    expect(outcome.now).to.equal('TypeError')
  })
})
