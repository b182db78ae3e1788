/** DoubleBarrier: nobody begins before all have come, and nobody ends before all have left. Time is a ManualClock's. */
import { expect } from 'chai'
import { createOp, DoubleBarrier, type ZooKeeper } from '../../lib/index.ts'
import { livenessBench, type Member } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { connect, contenders, outcomeOf, PATH } from '../support/recipe-bench.ts'

describe('DoubleBarrier', () => {
  const bench = livenessBench()
  let one: Member
  let a: ZooKeeper
  let b: ZooKeeper

  beforeEach(async () => {
    one = await bench.start()
    a = await connect(one)
    b = await connect(await bench.start())
  })

  for (const layout of ['curator', 'kazoo'] as const) {
    const member = (client: ZooKeeper, memberCount = 3): DoubleBarrier =>
      new DoubleBarrier(client, PATH, { memberCount, layout })

    it(`all begin together and end together, again and again: layout ${layout}`, async () => {
      const members = [member(a), member(b), member(a)]
      for (let round = 0; round < 3; round++) {
        for (const step of ['enter', 'leave'] as const) {
          const outcomes: { readonly now: string }[] = []
          for (const one of members) {
            const before = outcomes.map(({ now }) => now)
            expect(before, step).to.deep.equal(before.map(() => 'pending'))
            outcomes.push(outcomeOf(one[step]()))
            await settle()
          }
          expect(outcomes.map(({ now }) => now)).to.deep.equal(['done', 'done', 'done'])
        }
        expect(await contenders(a)).to.deep.equal([])
      }
    })

    it(`one that enters again immediately holds back nobody that leaves: layout ${layout}`, async () => {
      const rounds = [member(a, 2), member(b, 2)].map(async (one) => {
        for (let round = 0; round < 20; round++) {
          await one.enter()
          await one.leave()
        }
      })
      const outcomes = rounds.map(outcomeOf)
      for (let turn = 0; turn < 40; turn++) await settle()
      expect(outcomes.map(({ now }) => now)).to.deep.equal(['done', 'done'])
      expect(await contenders(a)).to.deep.equal([])
    })

    it(`one whose znode is deleted does not hold back the others: layout ${layout}`, async () => {
      const [ours, theirs] = [member(a, 2), member(b, 2)]
      const [inside] = await Promise.all([ours.enter(), theirs.enter()])
      for (const name of await contenders(b)) {
        const stat = await b.exists(`${PATH}/${name}`)
        const isOwn = stat?.ephemeralOwner === a.sessionId && name !== 'ready'
        if (isOwn) await b.delete(`${PATH}/${name}`)
      }
      await settle()
      expect([inside.isHeld, inside.signal.reason.code]).to.deep.equal([false, 'ZK_NO_NODE'])
      const leave = outcomeOf(theirs.leave())
      await settle()
      expect(leave.now).to.equal('done')
      await ours.leave()
    })
  }

  it('a `ready` without members is nobody’s', async () => {
    await a.create(PATH, null)
    await a.create(`${PATH}/ready`, null)
    const first = outcomeOf(new DoubleBarrier(a, PATH, { memberCount: 2 }).enter())
    await settle()
    expect(first.now).to.equal('pending')
    const second = outcomeOf(new DoubleBarrier(b, PATH, { memberCount: 2 }).enter())
    await settle()
    expect([first.now, second.now]).to.deep.equal(['done', 'done'])
    const late = outcomeOf(new DoubleBarrier(b, PATH, { memberCount: 2 }).enter())
    await settle()
    expect(late.now, 'it comes later').to.equal('done')
  })

  it('what others have put there is no member: it lets nobody in, and is not waited for', async () => {
    await a.create(PATH, null)
    for (const name of ['a-stranger', 'zz', 'lock-0000000001'])
      await a.create(`${PATH}/${name}`, null)
    await a.create(`${PATH}/ready`, null)
    const [ours, theirs] = [a, b].map((zk) => new DoubleBarrier(zk, PATH, { memberCount: 2 }))
    const first = outcomeOf(ours!.enter())
    await settle()
    expect(first.now).to.equal('pending')
    await theirs!.enter()
    await settle()
    expect(first.now).to.equal('done')
    const left = outcomeOf(Promise.all([ours!.leave(), theirs!.leave()]))
    await settle()
    expect(left.now).to.equal('done')
    expect((await contenders(b)).includes('ready')).to.equal(false)
  })

  it('one that enters again by the same name, as Curator’s does, is not waited for', async () => {
    const member = new DoubleBarrier(a, PATH, { memberCount: 2 })
    const enter = member.enter()
    await settle()
    const path = `${PATH}/00000000-0000-4000-8000-000000000000`
    await b.create(path, null, { mode: 'ephemeral' })
    await b.create(`${PATH}/ready`, null)
    await enter
    const leave = outcomeOf(member.leave())
    await settle()
    expect(leave.now).to.equal('pending')
    const again = createOp(path, null, { mode: 'ephemeral' })
    await b.multi([{ type: 'delete', path, version: -1 }, again])
    await settle()
    expect(leave.now).to.equal('done')
  })

  it('release() leaves without the others, and the last one takes `ready` with it', async () => {
    const [ours, theirs] = [a, b].map((zk) => new DoubleBarrier(zk, PATH, { memberCount: 2 }))
    const [first, second] = await Promise.all([ours?.enter(), theirs?.enter()])
    await first?.release()
    expect([first?.isHeld, second?.isHeld]).to.deep.equal([false, true])
    expect(await contenders(b)).to.have.length(2)
    await second?.release()
    expect(await contenders(b)).to.deep.equal([])
    const again = outcomeOf(Promise.all([ours?.enter(), theirs?.enter()]))
    await settle()
    expect(again.now, 'they enter again').to.equal('done')
  })

  it('does not permit what makes no sense', async () => {
    for (const memberCount of [0, 1.5, Number.NaN]) {
      expect(() => new DoubleBarrier(a, PATH, { memberCount })).to.throw(RangeError, 'memberCount')
    }
    const member = new DoubleBarrier(a, PATH, { memberCount: 2 })
    const left = outcomeOf(member.leave())
    const twice = [member.enter(), member.enter()].map(outcomeOf)
    await settle()
    expect([left.now, ...twice.map(({ now }) => now)]).to.deep.equal(['Error', 'pending', 'Error'])
  })
})
