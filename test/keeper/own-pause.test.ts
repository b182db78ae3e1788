/**
 * A keeper that was kept from running (stopped, a long turn, its machine suspended) looks at the store before it calls
 * it gone, and before it answers. Time is a ManualClock's.
 */
import { expect } from 'chai'
import { createOp, type ReadRequest, type WriteRequest } from '../../lib/internal.ts'
import {
  livenessBench,
  type Member,
  type Probe,
  SILENCE_MS,
  TICK_MS,
  TIMEOUT_MS,
} from '../support/liveness-bench.ts'
import type { ManualClock } from '../support/manual-clock.ts'

/** LIMITS_DEFAULT.doubtMsMax. */
const DOUBT_MS = 3_000
const exists = (path: string): ReadRequest => ({ type: 'exists', path, watch: false })

describe('a keeper that was paused', () => {
  const bench = livenessBench()
  const { start, open, lives, resume, endsAfter } = bench
  let clock: ManualClock

  beforeEach(() => {
    clock = bench.clock
  })

  /** The client's input is read before any timer runs. */
  function asks({ keeper }: Member, client: Probe, path: string, tag: number): void {
    keeper.checkStore()
    keeper.sessions.touch(client.session)
    client.session.read(exists(path), tag)
  }

  for (const ms of [1_500, 6_000, 9_000, 3 * TIMEOUT_MS]) {
    it(`for ${ms} ms cuts nobody, and answers when it has seen the store`, async () => {
      const one = await start()
      const client = await open(one)
      clock.skip(ms)
      asks(one, client, '/', 7)
      expect(client.replies).to.deep.equal([])
      await clock.advance(100)
      expect(client.replies).to.deep.equal([[7, 0]])
      expect(client.endReason).to.equal(undefined)
      expect(one.keeper.servingCounters).to.deep.equal({ ownPauses: 1, outages: 0 })
    })

    it(`for ${ms} ms is well when its timers run first`, async () => {
      const one = await start()
      const client = await open(one)
      await clock.jump(ms)
      await clock.advance(1_000)
      expect(client.endReason).to.equal(undefined)
      expect(one.keeper.isInDoubt).to.equal(false)
      expect(lives(one, client)).to.equal(true)
      asks(one, client, '/', 1)
      expect(client.replies).to.deep.equal([[1, 0]])
    })
  }

  it('for less than a second is as ever', async () => {
    const one = await start()
    const client = await open(one)
    await clock.advance(1_000)
    clock.skip(900)
    asks(one, client, '/', 1)
    expect(client.replies).to.deep.equal([[1, 0]])
    expect(one.keeper.servingCounters.ownPauses).to.equal(0)
  })

  it('with its machine, while the monotonic clock stood still, notices it by the wall clock', async () => {
    const one = await start()
    const client = await open(one)
    clock.suspend(60_000)
    asks(one, client, '/', 1)
    expect(client.replies).to.deep.equal([])
    await clock.advance(100)
    expect(client.replies).to.deep.equal([[1, 0]])
    expect(client.endReason).to.equal(undefined)
  })

  it('shows what others wrote meanwhile, though its feed has not brought it', async () => {
    const one = await start()
    const two = await start()
    const client = await open(one)
    const writer = await open(two)
    one.store.cutFeed()
    await writer.create('/meanwhile')
    expect(one.keeper.replica.tree.has('/meanwhile')).to.equal(false)
    clock.skip(6_000)
    asks(one, client, '/meanwhile', 5)
    expect(client.replies).to.deep.equal([])
    await clock.advance(1_000)
    expect(client.replies).to.deep.equal([[5, 0]])
  })

  it('serves requests in their order, writes among them', async () => {
    const one = await start()
    const client = await open(one)
    clock.skip(6_000)
    asks(one, client, '/a', 1001)
    client.session.write({ ...createOp('/a', null) } as WriteRequest, 1002)
    asks(one, client, '/a', 1003)
    client.session.write({ type: 'delete', path: '/a', version: -1 }, 1004)
    asks(one, client, '/a', 1005)
    expect(client.session.outstanding).to.equal(5)
    await clock.advance(200)
    expect(client.replies).to.deep.equal([
      [1001, -101],
      [1002, 0],
      [1003, 0],
      [1004, 0],
      [1005, -101],
    ])
    expect(client.session.outstanding).to.equal(0)
  })

  it('waits for its heartbeat too: others may have taken it for gone', async () => {
    const one = await start()
    const client = await open(one)
    one.store.cutLeases()
    clock.skip(6_000)
    asks(one, client, '/', 1)
    await clock.advance(1_000)
    expect(client.replies).to.deep.equal([])
    expect(client.endReason).to.equal(undefined)
    one.store.mendLeases()
    await clock.advance(1_000)
    expect(client.replies).to.deep.equal([[1, 0]])
  })

  it('and finds no store disconnects within its bound, and serves again later', async () => {
    const one = await start()
    const client = await open(one)
    one.store.cut()
    clock.skip(6_000)
    asks(one, client, '/', 1)
    await clock.advance(DOUBT_MS - 300)
    expect(client.endReason).to.equal(undefined)
    await clock.advance(600)
    expect(client.endReason).to.equal('suspended')
    expect(client.replies).to.deep.equal([])
    expect(one.keeper.isServing).to.equal(false)
    one.store.mend()
    await clock.advance(3_000)
    expect(one.keeper.isServing).to.equal(true)
    expect(await resume(one, client)).to.not.equal(undefined)
  })

  it('again and again has no more time for that', async () => {
    const one = await start()
    const client = await open(one)
    one.store.cut()
    for (let i = 0; i < 4; i++) {
      await clock.jump(2_000)
      await clock.advance(DOUBT_MS / 3)
    }
    expect(client.endReason).to.equal('suspended')
  })

  it('with a commit in flight does not take its own pause for the store’s silence', async () => {
    const one = await start()
    const client = await open(one)
    one.store.cut()
    client.session.write({ ...createOp('/w', null) } as WriteRequest, 9)
    await clock.advance(500)
    one.store.mend()
    await clock.jump(30_000)
    await clock.advance(2_500)
    expect(client.endReason).to.equal(undefined)
    expect(client.replies).to.deep.equal([[9, 0]])
  })

  it('does not add it to the time for which a commit has been waiting', async () => {
    const one = await start()
    const client = await open(one)
    one.store.cutWrites()
    client.session.write({ ...createOp('/w', null) } as WriteRequest, 9)
    // Together they are more than commitSilenceMsMax.
    await clock.advance(9_000)
    await clock.jump(2_000)
    await clock.advance(300)
    expect(client.endReason).to.equal(undefined)
    one.store.mendWrites()
    await clock.advance(300)
    expect(client.replies).to.deep.equal([[9, 0]])
  })

  it('does not count it as its clients’ silence', async () => {
    const one = await start()
    const client = await open(one)
    await clock.advance(TIMEOUT_MS - 1_000)
    await clock.jump(2 * TIMEOUT_MS)
    expect(await endsAfter(one, client)).to.be.within(900, 1_000 + 2 * TICK_MS)
  })

  it('beyond its lease disconnects the clients whose sessions others have ended', async () => {
    const one = await start()
    const two = await start()
    const client = await open(one)
    await client.create('/e', 'ephemeral')
    const staying = await open(one, 20_000)
    const id = client.session.id
    await bench.freeze(one, async () => {
      await clock.advance(TIMEOUT_MS + SILENCE_MS + 4_000)
    })
    expect(two.keeper.replica.sessions.has(id)).to.equal(false)
    asks(one, client, '/e', 91)
    asks(one, staying, '/e', 92)
    expect(client.replies).to.deep.equal([[1, 0]])
    await clock.advance(1_000)
    expect(client.endReason).to.equal('expired')
    expect(staying.endReason).to.equal(undefined)
    expect(staying.replies.at(-1)).to.deep.equal([92, -101])
    expect(one.keeper.sessions.expiredCount).to.equal(0)
  })
})
