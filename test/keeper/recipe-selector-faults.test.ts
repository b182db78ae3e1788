/** LeaderSelector in bad weather: each fault × the leader and the one that stands by. Time is a ManualClock's. */
import { expect } from 'chai'
import { LeaderLatch, type ZooKeeper } from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { contenders, cutBehindNextTxn, outcomeOf, PATH } from '../support/recipe-bench.ts'
import { connectRenewing } from '../support/renewing-client.ts'
import { selectorBench } from '../support/selector-bench.ts'

describe('LeaderSelector in bad weather', () => {
  const { clients, said, work, candidate, pair } = selectorBench()
  const { bench, pass, ownOf } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let two: Member
  beforeEach(() => {
    ;({ a, b, one, two } = clients)
  })

  it('a leader whose znode is deleted has lost, and is a new candidate', async () => {
    const [first, second] = await pair()
    await b.delete(await ownOf(a))
    await settle()
    expect([first.isLeader, second.isLeader]).to.deep.equal([false, true])
    expect(said.splice(0)).to.deep.equal(['a lost ZK_NO_NODE', 'b leads'])
    expect(await contenders(a)).to.have.length(2)
    work('b').end()
    await settle()
    expect(first.isLeader).to.equal(true)
    await first.close()
    await second.close()
  })

  it('one that stands by and whose znode is deleted is a new candidate', async () => {
    const [first, second] = await pair()
    await a.delete(await ownOf(b))
    await settle()
    expect(await contenders(a)).to.have.length(2)
    work('a').end()
    await settle()
    expect(second.isLeader).to.equal(true)
    await first.close()
    await second.close()
  })

  it('a leader that was stopped for longer than its session knows it before it answers, and closes with it', async () => {
    const [first, second] = await pair()
    const [leadership] = work('a').leaderships
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      expect(second.isLeader).to.equal(true)
    })
    expect([first.isLeader, leadership?.isHeld], 'before any timer or event').to.deep.equal([
      false,
      false,
    ])
    await pass(1_000)
    expect(said).to.deep.equal([
      'b leads',
      'a lost ZK_SESSION_EXPIRED',
      'a error ZK_SESSION_EXPIRED',
    ])
    expect([first.isClosed, work('a').running]).to.deep.equal([true, 0])
    expect(await contenders(b)).to.have.length(1)
    await second.close()
  })

  it('with the session that follows a lost one it stands again, as a LeaderLatch does', async () => {
    const { client } = await connectRenewing(one)
    const before = client.sessionId
    const first = candidate(client, 'a')
    const latch = new LeaderLatch(client, '/latch')
    await first.start()
    await latch.start()
    const second = candidate(b, 'b')
    await second.start()
    const other = new LeaderLatch(b, '/latch')
    await other.start()
    expect([first.isLeader, latch.isLeader]).to.deep.equal([true, true])
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(2_000)
    expect(client.sessionId).to.not.equal(before)
    expect([first.isLeader, second.isLeader, first.isQueued]).to.deep.equal([false, true, true])
    expect([latch.isLeader, latch.isClosed, other.isLeader]).to.deep.equal([false, false, true])
    expect(await contenders(b)).to.have.length(2)
    expect(await contenders(b, '/latch')).to.have.length(2)
    work('b').end()
    await other.close()
    await settle()
    expect([first.isLeader, latch.isLeader]).to.deep.equal([true, true])
    await Promise.all([first.close(), second.close(), latch.close()])
    expect(await contenders(b)).to.deep.equal([])
  })

  it('a leader loses by the clock while the store is out of reach, and is a new candidate then', async () => {
    await two.keeper.close(0)
    const first = candidate(a, 'a')
    await first.start()
    one.store.cut()
    await pass(TIMEOUT_MS + 1_000)
    expect(first.isLeader).to.equal(false)
    expect(said).to.deep.equal(['a leads', 'a lost ZK_SESSION_EXPIRED'])
    one.store.mend()
    await pass(3_000)
    expect(first.isLeader).to.equal(true)
    expect(await contenders(a)).to.have.length(1)
    await first.close()
  })

  it('one that waits for the end of an outage stands again also when it lost its session in it', async () => {
    const first = candidate((await connectRenewing(one)).client, 'a')
    await first.start()
    one.store.cut()
    await pass(3 * TIMEOUT_MS)
    expect(first.isLeader).to.equal(false)
    one.store.mend()
    await pass(3_000)
    expect(first.isLeader).to.equal(true)
    expect(said).to.deep.equal([
      'a leads',
      'a lost ZK_SESSION_EXPIRED',
      'a error ZK_SESSION_EXPIRED',
      'a leads',
    ])
    await first.close()
  })

  it('an outage that is shorter than the session changes nothing', async () => {
    const [first, second] = await pair()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    one.store.mend()
    await pass(2_000)
    expect([first.isLeader, second.isLeader]).to.deep.equal([true, false])
    expect(said).to.deep.equal([])
    await first.close()
    await second.close()
  })

  it('a create with an unknown outcome makes one candidate', async () => {
    await a.create(PATH, null)
    cutBehindNextTxn(one, bench.backend)
    const first = candidate(a, 'a')
    const started = outcomeOf(first.start())
    await pass(TIMEOUT_MS / 2)
    expect(started.now).to.equal('pending')
    one.store.mend()
    await pass(2_000)
    expect([started.now, first.isLeader]).to.deep.equal(['done', true])
    expect(await contenders(b)).to.have.length(1)
    await first.close()
    expect(await contenders(a)).to.deep.equal([])
  })

  it('is closed while the store is out of reach, and leaves nothing', async () => {
    const [first, second] = await pair()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const closed = outcomeOf(first.close())
    await settle()
    expect([first.isLeader, closed.now]).to.deep.equal([false, 'pending'])
    await pass(TIMEOUT_MS)
    expect(closed.now, 'its session may have ended').to.equal('done')
    one.store.mend()
    await pass(3 * TIMEOUT_MS)
    expect(await contenders(b)).to.have.length(1)
    await second.close()
  })

  it('a client’s close ends the leadership', async () => {
    const [first, second] = await pair()
    await a.close()
    await settle()
    expect([first.isLeader, second.isLeader]).to.deep.equal([false, true])
    expect(said[0]).to.equal('a lost ZK_SESSION_EXPIRED')
    await first.close()
    await second.close()
  })
})
