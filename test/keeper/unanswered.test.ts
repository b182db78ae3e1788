/** A store that leaves calls without an answer, or takes no writes: how long, and who pays for it. */
import { expect } from 'chai'
import { createOp, StoreError, type WriteRequest } from '../../lib/internal.ts'
import { livenessBench, SILENCE_MS, TIMEOUT_MS } from '../support/liveness-bench.ts'

describe('keeper/unanswered', () => {
  const bench = livenessBench()

  /** As etcd without a leader: what it is sent is lost, reads wait. Resolves them when it has one. */
  function loseLeader(store: Awaited<ReturnType<typeof bench.start>>['store']) {
    const { txn, range } = store
    let elect = (): void => {}
    const elected = new Promise<void>((resolve) => {
      elect = resolve
    })
    let sent = 0
    store.txn = () => {
      sent++
      return new Promise(() => {})
    }
    store.range = async (query) => {
      await elected
      return range(query)
    }
    return {
      get sent() {
        return sent
      },
      elect(): void {
        store.txn = txn
        store.range = range
        elect()
      },
    }
  }

  it('tries that a store without a leader has lost are not waited for when it has one', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const election = loseLeader(one.store)
    const tag = client.write({ ...createOp('/a', null) } as WriteRequest)
    await bench.clock.advance(1_350)
    expect(client.replies).to.deep.equal([])
    // At 0, 0.3 and 1.3 s.
    expect(election.sent).to.equal(3)
    election.elect()
    await bench.clock.advance(20)
    expect(client.replies).to.deep.equal([[tag, 0]])
  })

  it('one that answers reads, but is slow to write, is not flooded', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const { txn } = one.store
    let sent = 0
    let answer = (): void => {}
    const slow = new Promise<void>((resolve) => {
      answer = resolve
    })
    one.store.txn = async (request) => {
      sent++
      await slow
      return txn(request)
    }
    const tag = client.write({ ...createOp('/a', null) } as WriteRequest)
    await bench.clock.advance(2_400)
    // At 0, 0.3, 1.3 and 2.3 s.
    expect(sent).to.equal(4)
    one.store.txn = txn
    answer()
    await bench.clock.advance(0)
    expect(client.replies).to.deep.equal([[tag, 0]])
    expect(one.keeper.replica.tree.get('/a')?.version).to.equal(0)
  })

  it('one that is slow to list the proxies delays no heartbeat', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const { range } = one.store
    one.store.range = (query) => (query.end === undefined ? range(query) : new Promise(() => {}))
    await bench.clock.advance(3 * SILENCE_MS)
    expect(client.endReason).to.equal(undefined)
    expect(one.keeper.isServing).to.equal(true)
    one.store.range = range
  })

  it('while it takes no writes, nobody can resume, and no session ends', async () => {
    const one = await bench.start()
    const away = await bench.open(one)
    const writer = await bench.open(one)
    await away.create('/e', 'ephemeral')
    const { txn } = one.store
    await bench.clock.advance(TIMEOUT_MS / 2)
    one.keeper.sessions.touch(writer.session)
    one.store.txn = async () => {
      throw new StoreError('STORE_NO_SPACE', 'injected', { outcome: 'unknown' })
    }
    writer.write({ ...createOp('/a', null) } as WriteRequest)
    // Together with what was before more than its timeout, and its resume waits behind the write.
    await bench.clock.advance(TIMEOUT_MS * 0.9)
    const resumed = bench.resume(one, away)
    one.store.txn = txn
    await bench.clock.advance(1_000)
    expect(await resumed).to.not.equal(undefined)
    expect(one.keeper.replica.tree.get('/e')?.ephemeralOwner).to.equal(away.session.id)
    // From now on its time passes again.
    expect(await bench.endsAfter(one, away)).to.be.within(TIMEOUT_MS - 1_000, TIMEOUT_MS + 2_000)
  })
})
