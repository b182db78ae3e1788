/** Bugs in the committer or in an adapter: who pays, and that nothing is left pending. */
import { expect } from 'chai'
import { createOp, type WriteRequest } from '../../lib/internal.ts'
import { livenessBench } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'

const create = (path: string) => ({ ...createOp(path, null) }) as WriteRequest

describe('keeper/faults within', () => {
  const bench = livenessBench()

  for (const applied of [false, true]) {
    it(`a store that throws what is no StoreError, ${applied ? 'after' : 'before'} it committed`, async () => {
      const one = await bench.start()
      const client = await bench.open(one)
      const other = await bench.open(one)
      const { txn } = one.store
      one.store.txn = async (request) => {
        one.store.txn = txn
        if (applied) await txn(request)
        throw new TypeError('injected')
      }
      client.write(create('/a'))
      await bench.clock.advance(0)
      other.write(create('/b'))
      await bench.clock.advance(2_000)
      // What became of it is found out, as after any write of unknown outcome: it is sent again only where it was not applied.
      expect(client.replies).to.deep.equal([[1, 0]])
      expect(other.replies).to.deep.equal([[1, 0]])
      for (const path of ['/a', '/b']) expect(one.keeper.replica.tree.has(path)).to.equal(true)
      expect(one.keeper.committer.queueLength).to.equal(0)
      expect(one.keeper.committer.progress.stalledMs).to.equal(0)
      expect(one.keeper.isServing).to.equal(true)
      await other.create('/c')
    })
  }

  it('a reply that throws: the rest of its batch is abandoned, and the tree is whole', async () => {
    const one = await bench.start()
    const [first, second, third] = [
      await bench.open(one),
      await bench.open(one),
      await bench.open(one),
    ]
    second!.reply = () => {
      throw new TypeError('injected')
    }
    first!.write(create('/a'))
    second!.write(create('/b'))
    third!.write(create('/c'))
    await bench.clock.advance(2_000)
    expect(first!.replies).to.deep.equal([[1, 0]])
    expect(third!.replies).to.deep.equal([])
    for (const client of [first, second, third]) expect(client!.endReason).to.equal('suspended')
    for (const path of ['/a', '/b', '/c']) expect(one.keeper.replica.tree.has(path)).to.equal(true)
    expect(one.keeper.committer.queueLength).to.equal(0)
    expect(one.keeper.isServing).to.equal(true)
    const again = await bench.resume(one, third!)
    await again!.create('/d')
  })

  for (const [what, request] of [
    ['a sync', { type: 'sync', path: '/' }],
    ['a write that fails', { type: 'delete', path: '/none', version: -1 }],
  ] as const) {
    it(`a reply to ${what} that throws: its requests are abandoned, and the commits continue`, async () => {
      const one = await bench.start()
      const [first, second] = [await bench.open(one), await bench.open(one)]
      second!.reply = () => {
        throw new TypeError('injected')
      }
      // Nothing is to be written for them: they wait for a look at head.
      first!.session.write(request as WriteRequest, 1)
      second!.session.write(request as WriteRequest, 1)
      await settle()
      await bench.clock.advance(2_000)
      expect(one.keeper.faults.count).to.equal(1)
      for (const client of [first, second]) expect(client!.endReason).to.equal('suspended')
      expect(one.keeper.committer.queueLength).to.equal(0)
      expect(one.keeper.committer.progress.stalledMs).to.equal(0)
      expect(one.keeper.isServing).to.equal(true)
      const again = await bench.resume(one, first!)
      await again!.create('/d')
    })
  }

  it('a look at head that fails by a bug ends neither serving nor the process', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const { committer } = one.keeper
    const { prove } = committer
    committer.prove = async () => {
      throw new TypeError('injected')
    }
    await bench.clock.advance(3_000)
    expect(one.keeper.faults.count).to.be.greaterThan(0)
    committer.prove = prove
    await bench.clock.advance(2_000)
    expect(one.keeper.isServing).to.equal(true)
    await client.create('/a')
  })

  it('a request that cannot be planned is an error of its own, and of nobody else', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const other = await bench.open(one)
    // A planner reads the path of each operation.
    const poison = { type: 'multi', ops: [create('/x'), { type: 'setData', path: null }] }
    client.write(poison as unknown as WriteRequest)
    const tag = other.write(create('/b'))
    await bench.clock.advance(0)
    expect(client.replies).to.deep.equal([[1, -5]])
    expect(other.replies).to.deep.equal([[tag, 0]])
    expect(one.keeper.replica.tree.has('/x')).to.equal(false)
    await client.create('/y')
  })
})
