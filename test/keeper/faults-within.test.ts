/** Bugs in the committer, in a timer, for a client or in an adapter: who pays, and that nothing is left pending. */
import { expect } from 'chai'
import { createOp, silentLogger, type WriteRequest } from '../../lib/internal.ts'
import { failOnce } from '../support/fail-once.ts'
import { livenessBench } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'

const create = (path: string) => ({ ...createOp(path, null) }) as WriteRequest

describe('keeper/faults within', () => {
  const bench = livenessBench()
  let stacks: string[]
  /** Passed: each fault is expected, and must be logged with its stack. */
  const logger = {
    ...silentLogger,
    error: ({ err }: { err?: Error }, message: string): void => {
      if (err !== undefined) stacks.push(`${message}: ${err.stack}`)
    },
  }
  const start = () => bench.start(0, logger)
  const open = async (at: Awaited<ReturnType<typeof start>>, count: number) => {
    const probes = []
    for (let i = 0; i < count; i++) probes.push(await bench.open(at))
    return probes
  }

  beforeEach(() => {
    stacks = []
  })

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

  it('a reply that throws ends its own connection: the rest of its batch is answered', async () => {
    const one = await start()
    const [first, second, third] = await open(one, 3)
    second!.reply = () => {
      throw new TypeError('injected')
    }
    first!.write(create('/a'))
    second!.write(create('/b'))
    third!.write(create('/c'))
    await settle()
    for (const client of [first, third]) expect(client!.replies).to.deep.equal([[1, 0]])
    expect([first, second, third].map((client) => client!.endReason)).to.deep.equal([
      undefined,
      'suspended',
      undefined,
    ])
    for (const path of ['/a', '/b', '/c']) expect(one.keeper.replica.tree.has(path)).to.equal(true)
    expect([one.keeper.faults.count, one.keeper.resyncCount]).to.deep.equal([1, 0])
    expect(stacks[0]).to.match(
      /^fault in a reply: its client is disconnected: TypeError.*\n {4}at /,
    )
    const again = await bench.resume(one, second!)
    await again!.create('/d')
  })

  for (const [what, request] of [
    ['a sync', { type: 'sync', path: '/' }],
    ['a write that fails', { type: 'delete', path: '/none', version: -1 }],
  ] as const) {
    it(`a reply to ${what} that throws ends its own connection`, async () => {
      const one = await start()
      const [first, second] = await open(one, 2)
      first!.reply = () => {
        throw new TypeError('injected')
      }
      // Nothing is to be written for them: they wait for a look at head.
      first!.session.write(request as WriteRequest, 1)
      second!.session.write(request as WriteRequest, 1)
      await settle()
      expect(one.keeper.faults.count).to.equal(1)
      expect([first!.endReason, second!.endReason]).to.deep.equal(['suspended', undefined])
      expect(second!.replies).to.have.length(1)
      expect(one.keeper.committer.queueLength).to.equal(0)
    })
  }

  it('an event that throws ends its own connection: other watchers have theirs', async () => {
    const one = await start()
    const [first, second, writer] = await open(one, 3)
    for (const client of [first, second]) client!.watch('/a')
    first!.event = () => {
      throw new TypeError('injected')
    }
    await writer!.create('/a')
    expect([first!.endReason, second!.endReason]).to.deep.equal(['suspended', undefined])
    expect(second!.events).to.deep.equal([[1, '/a']])
    expect(one.keeper.watches.data.watcherCount).to.equal(0)
    expect(one.keeper.faults.count).to.equal(1)
  })

  it('a connection that does not take its end, and a write that cannot be handed over', async () => {
    const one = await start()
    const [first, second] = await open(one, 2)
    first!.ended = () => {
      throw new TypeError('injected')
    }
    one.keeper.sessions.suspend()
    expect(second!.endReason).to.equal('suspended')
    one.keeper.sessions.unsuspend()
    const third = await bench.open(one)
    failOnce(one.keeper, 'submit')
    third.write(create('/a'))
    expect(third.endReason).to.equal('suspended')
    expect(one.keeper.faults.count).to.equal(2)
  })

  it('a read that throws fails alone', async () => {
    const one = await start()
    const client = await bench.open(one)
    failOnce(one.keeper.replica.tree, 'get')
    client.session.read({ type: 'getData', path: '/', watch: false }, 7)
    client.session.read({ type: 'exists', path: '/', watch: false }, 8)
    expect(client.replies).to.deep.equal([
      [7, -5],
      [8, 0],
    ])
    expect(one.keeper.faults.count).to.equal(1)
  })

  it('planning that throws abandons what waits, unsent, and the tree is loaded again', async () => {
    const one = await start()
    const [first, second] = await open(one, 2)
    // A reader of what the planner asks for: of no one request.
    failOnce(one.keeper.registry, 'journalFormat')
    first!.write(create('/a'))
    second!.write(create('/b'))
    await bench.clock.advance(2_000)
    expect([first!.endReason, second!.endReason]).to.deep.equal(['suspended', 'suspended'])
    expect(one.keeper.replica.tree.has('/a')).to.equal(false)
    expect([one.keeper.faults.count, one.keeper.resyncCount]).to.deep.equal([1, 1])
    expect(stacks[0]).to.match(/requests are abandoned unsent: TypeError.*\n {4}at /)
    expect([one.keeper.committer.queueLength, one.keeper.isServing]).to.deep.equal([0, true])
    const again = await bench.resume(one, first!)
    await again!.create('/a')
  })

  it('a timer that throws runs again: sessions expire, and the store is looked at', async () => {
    const one = await start()
    const client = await bench.open(one)
    // The one reads it before it judges silence, the other one to judge the store.
    failOnce(one.keeper.committer, 'progress')
    failOnce(one.keeper, 'checkStore')
    await bench.clock.advance(1_000)
    expect(one.keeper.faults.count).to.equal(2)
    expect(stacks.every((stack) => stack.startsWith('fault in a timer: '))).to.equal(true)
    expect(await bench.endsAfter(one, client)).to.be.lessThan(12_000)
    expect(one.keeper.isServing).to.equal(true)
  })

  it('a look at head that fails by a bug ends neither serving nor the process', async () => {
    const one = await start()
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
