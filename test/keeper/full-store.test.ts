/** A store without space: what is refused, who pays for it, and that it goes on by itself. */
import { expect } from 'chai'
import { createOp, StoreError, type Txn, type WriteRequest } from '../../lib/internal.ts'
import { txnBytes } from '../../lib/store/txn-size.ts'
import { livenessBench, type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'

const SYSTEM_ERROR = -1

describe('keeper/full store', () => {
  const bench = livenessBench()

  /** Takes no txn of more bytes, as a disk whose last pages are left. Returns what frees it. */
  function fill(
    { store }: Member,
    bytesLeft: number,
    outcome: 'unapplied' | 'unknown',
  ): () => void {
    const { txn } = store
    store.txn = async (request, options) => {
      if (txnBytes(request) > bytesLeft) throw new StoreError('STORE_NO_SPACE', 'full', { outcome })
      return txn(request, options)
    }
    return () => {
      store.txn = txn
    }
  }
  const create = (path: string, bytes = 0): WriteRequest =>
    createOp(path, new Uint8Array(bytes)) as WriteRequest

  for (const outcome of ['unapplied', 'unknown'] as const) {
    it(`refuses the large one alone, in order, and disconnects nobody (${outcome})`, async () => {
      const one = await bench.start()
      const large = await bench.open(one)
      const small = await bench.open(one)
      const free = fill(one, 4_000, outcome)
      const tags = [large.write(create('/large', 10_000)), large.write(create('/after'))]
      const tag = small.write(create('/small'))
      await bench.clock.advance(1_000)
      expect(large.replies).to.deep.equal([
        [tags[0], SYSTEM_ERROR],
        [tags[1], 0],
      ])
      expect(small.replies).to.deep.equal([[tag, 0]])
      expect(one.keeper.committer.counters.noSpaceRefusals).to.equal(1)
      free()
      const again = large.write(create('/large', 10_000))
      await bench.clock.advance(100)
      expect(large.replies.at(-1)).to.deep.equal([again, 0])
      expect(large.endReason).to.equal(undefined)
    })

    it(`that takes nothing: each write fails soon, reads go on, for minutes (${outcome})`, async () => {
      const one = await bench.start()
      const client = await bench.open(one)
      await client.create('/a')
      await bench.clock.advance(1_000)
      const free = fill(one, 0, outcome)
      for (let i = 0; i < 60; i++) {
        const tag = client.write(create(`/b${i}`))
        one.keeper.sessions.touch(client.session)
        await bench.clock.advance(2_000)
        expect(client.replies.at(-1)).to.deep.equal([tag, SYSTEM_ERROR])
        client.watch('/a')
        expect(client.replies.at(-1)?.[1]).to.equal(0)
      }
      expect(one.keeper.isServing).to.equal(true)
      expect(client.endReason).to.equal(undefined)
      free()
      await bench.clock.advance(1_000)
      await client.create('/c')
      expect(one.keeper.replica.tree.get('/b0')).to.equal(undefined)
    })
  }

  it('a write that was applied though the store said that it had no space is acknowledged, once', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const { txn } = one.store
    one.store.txn = async (request, options) => {
      await txn(request, options)
      throw new StoreError('STORE_NO_SPACE', 'crossed', { outcome: 'unknown' })
    }
    const tag = client.write(create('/crossed'))
    await bench.clock.advance(1_000)
    expect(client.replies).to.deep.equal([[tag, 0]])
    expect(one.keeper.committer.counters.noSpaceRefusals).to.equal(0)
    one.store.txn = txn
    expect(one.keeper.replica.tree.get('/crossed')?.version).to.equal(0)
  })

  it('one of which a try may still arrive is not refused', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const { txn } = one.store
    const late: (() => Promise<unknown>)[] = []
    one.store.txn = async (request: Txn) => {
      if (late.length > 0) throw new StoreError('STORE_NO_SPACE', 'full', { outcome: 'unknown' })
      late.push(() => txn(request))
      throw new StoreError('STORE_TIMEOUT', 'lost on the way', { outcome: 'unknown' })
    }
    const tag = client.write(create('/late'))
    await bench.clock.advance(2_000)
    expect(client.replies).to.deep.equal([])
    await late[0]!()
    await bench.clock.advance(1_000)
    expect(client.replies).to.deep.equal([[tag, 0]])
    one.store.txn = txn
  })

  it('no session ends while it is full, and it is noticed without a request when there is space', async () => {
    const one = await bench.start()
    const away = await bench.open(one)
    const client = await bench.open(one)
    await away.create('/e', 'ephemeral')
    await bench.clock.advance(1_000)
    const free = fill(one, 0, 'unapplied')
    client.write(create('/x'))
    await bench.clock.advance(3 * TIMEOUT_MS)
    expect(bench.lives(one, away)).to.equal(true)
    expect(one.keeper.committer.full.forMs).to.be.at.least(TIMEOUT_MS)
    const resumed = bench.resume(one, away)
    free()
    await bench.clock.advance(1_000)
    expect(one.keeper.committer.full.forMs).to.equal(0)
    const back = await resumed
    expect(back).to.not.equal(undefined)
    expect(await bench.endsAfter(one, back!)).to.be.within(TIMEOUT_MS - 1_000, TIMEOUT_MS + 2_000)
  })

  it('who comes while it is full is turned away after commitSilenceMsMax, not kept for ever', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const free = fill(one, 0, 'unapplied')
    client.write(create('/x'))
    await settle()
    let error: StoreError | undefined
    bench.open(one).catch((reason: StoreError) => {
      error = reason
    })
    await bench.clock.advance(one.keeper.limits.commitSilenceMsMax - 1_000)
    expect(error).to.equal(undefined)
    await bench.clock.advance(2_000)
    expect(error?.code).to.equal('STORE_NO_SPACE')
    free()
  })

  it('one that has no room for many records together takes fewer, and is not full', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const { committer, replica } = one.keeper
    const { txn } = one.store
    let refused = 0
    let fullMs = 0
    one.store.txn = async (request, options) => {
      fullMs = Math.max(fullMs, committer.full.forMs)
      // Head, the entry and the removal of entries come beside the records.
      if (request.ops.length <= 3 + 4) return txn(request, options)
      refused++
      throw new StoreError('STORE_NO_SPACE', 'full', { outcome: 'unapplied' })
    }
    for (let i = 0; i < 40; i++) client.write(create(`/r${i}`))
    for (let i = 0; i < 40 && replica.backlog.size > 0; i++) {
      await bench.clock.advance(50)
      fullMs = Math.max(fullMs, committer.full.forMs)
    }
    expect(refused).to.be.at.least(1)
    expect([replica.backlog.size, fullMs, committer.counters.noSpaceRefusals]).to.deep.equal([
      0, 0, 0,
    ])
    one.store.txn = txn
  })

  it('records that did not fit are written behind when there is space', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    const { txn } = one.store
    // Only commits that carry records are refused.
    one.store.txn = async (request, options) => {
      if (request.ops.length > 2) throw new StoreError('STORE_NO_SPACE', 'full')
      return txn(request, options)
    }
    for (let i = 0; i < 20; i++) await client.create(`/n${i}`)
    await bench.clock.advance(3_000)
    expect(one.keeper.replica.backlog.size).to.be.at.least(20)
    one.store.txn = txn
    await bench.clock.advance(3_000)
    expect(one.keeper.replica.backlog.size).to.equal(0)
  })
})
