/**
 * Who lives and who dies when keepers crash, leave or lose their store. Time is a ManualClock's:
 * every bound below is exact, and nothing waits.
 */
import { expect } from 'chai'
import { createOp, type WriteRequest } from '../../lib/internal.ts'
import {
  livenessBench,
  SILENCE_MS,
  TICK_MS,
  TIMEOUT_MS,
  TTL_MS,
} from '../support/liveness-bench.ts'
import type { ManualClock } from '../support/manual-clock.ts'

describe('liveness', () => {
  const bench = livenessBench()
  const { members, start, crash, open, resume, lives, endsAfter } = bench
  let clock: ManualClock

  beforeEach(() => {
    clock = bench.clock
  })

  describe('a keeper that crashes', () => {
    for (const awayMs of [100, TTL_MS + 500, TIMEOUT_MS - 200]) {
      it(`leaves a session alive that is taken over after ${awayMs} ms`, async () => {
        const one = await start()
        const two = await start()
        const client = await open(one)
        await client.create('/e', 'ephemeral')
        await crash(one)
        await clock.advance(awayMs)
        const moved = await resume(two, client)
        expect(moved).to.not.equal(undefined)
        for (let i = 0; i < 8; i++) {
          await clock.advance(TIMEOUT_MS / 2)
          two.keeper.sessions.touch(moved!.session)
        }
        expect(two.keeper.replica.tree.get('/e')?.ephemeralOwner).to.equal(client.session.id)
        expect(moved!.endReason).to.equal(undefined)
      })
    }

    // Anywhere between two of its life signs, and whatever the jitter.
    for (const sinceSignMs of [0, 300, 700, 999]) {
      for (const fraction of [0, 0.99]) {
        it(`${sinceSignMs} ms after its life sign (jitter ${fraction}): the rest dies in time`, async () => {
          const one = await start()
          const two = await start(fraction)
          const client = await open(one)
          const witness = await open(two, 20_000)
          await witness.create('/parent')
          await clock.advance(TTL_MS + sinceSignMs)
          await client.create('/parent/e', 'ephemeral')
          one.keeper.sessions.touch(client.session)
          two.keeper.sessions.touch(witness.session)
          witness.watch('/parent/e')
          witness.watchChildren('/parent')
          const before = two.keeper.replica.tree.get('/parent')!.pzxid
          await crash(one)
          const afterMs = await endsAfter(two, client)
          // It may have received from its client until its own store was silent for too long: never early.
          expect(afterMs).to.be.within(TIMEOUT_MS, TIMEOUT_MS + SILENCE_MS + TICK_MS + 50)
          expect(witness.events).to.deep.equal([
            [2, '/parent/e'],
            [4, '/parent'],
          ])
          // The witness's write and the crash apart, only the expiry took a zxid.
          expect(two.keeper.replica.tree.get('/parent')!.pzxid).to.equal(before + 1)
          expect(await resume(two, client)).to.equal(undefined)
          expect(two.keeper.sessions.expiredCount).to.equal(1)
        })
      }
    }

    it('two survivors expire an orphan once', async () => {
      const one = await start()
      const two = await start()
      const three = await start()
      const client = await open(one)
      await client.create('/e', 'ephemeral')
      await crash(one)
      const before = two.keeper.replica.zxid
      await endsAfter(two, client)
      await clock.advance(2 * TICK_MS)
      expect(two.keeper.replica.zxid).to.equal(before + 1)
      expect(three.keeper.replica.zxid).to.equal(before + 1)
      expect(two.keeper.sessions.expiredCount + three.keeper.sessions.expiredCount).to.equal(1)
    })

    it('and comes back under a new name does not bring its dead sessions back', async () => {
      const one = await start()
      const two = await start()
      const client = await open(one)
      await crash(one)
      await endsAfter(two, client)
      const again = await start()
      expect(lives(again, client)).to.equal(false)
      expect(await resume(again, client)).to.equal(undefined)
    })
  })

  it('a keeper that leaves gives its sessions their whole timeout', async () => {
    const one = await start()
    const two = await start()
    const client = await open(one)
    await clock.advance(TIMEOUT_MS - 1_500)
    members.splice(members.indexOf(one), 1)
    const closed = one.keeper.close(0)
    await clock.advance(0)
    await closed
    expect(client.endReason).to.equal('stopping')
    expect(await endsAfter(two, client)).to.be.within(TIMEOUT_MS, TIMEOUT_MS + 2 * TICK_MS)
  })

  it('a silent client of a member that lives dies between its timeout and a tick later', async () => {
    const one = await start()
    const client = await open(one)
    await clock.advance(0.7 * TICK_MS)
    one.keeper.sessions.touch(client.session)
    expect(await endsAfter(one, client)).to.be.within(TIMEOUT_MS, TIMEOUT_MS + TICK_MS + 50)
  })

  describe('when all keepers are gone', () => {
    it('for long, the next one gives every session a fresh timeout', async () => {
      const one = await start()
      const client = await open(one)
      const away = await open(one)
      await client.create('/e', 'ephemeral')
      await crash(one)
      await clock.advance(10 * TIMEOUT_MS)
      const next = await start()
      await clock.advance(TIMEOUT_MS - 500)
      const resumed = await resume(next, client)
      expect(resumed).to.not.equal(undefined)
      expect(next.keeper.replica.tree.get('/e')?.ephemeralOwner).to.equal(client.session.id)
      expect(await endsAfter(next, away)).to.be.within(500, 500 + 2 * TICK_MS)
      expect(lives(next, client)).to.equal(true)
    })

    it('for almost as long as its lease, the next one counts from when it serves', async () => {
      const one = await start()
      const client = await open(one)
      await client.create('/e', 'ephemeral')
      await crash(one)
      await clock.advance(TTL_MS - 100)
      // The lease runs out when this one has begun: what it says of the silence is no time in which one served.
      const two = await start()
      expect(await endsAfter(two, client)).to.be.within(TIMEOUT_MS, TIMEOUT_MS + TICK_MS + 50)
    })

    it('for a moment, nobody dies early', async () => {
      const one = await start()
      const client = await open(one)
      await crash(one)
      await clock.advance(500)
      const next = await start()
      expect(await endsAfter(next, client)).to.be.within(TIMEOUT_MS - 500, TIMEOUT_MS + 2 * TICK_MS)
    })
  })

  describe('the store out of reach', () => {
    it('cuts clients in time, answers nothing it cannot confirm, and then goes on', async () => {
      const one = await start()
      const client = await open(one)
      await client.create('/e', 'ephemeral')
      const answered = client.replies.length
      one.store.cut()
      client.write({ ...createOp('/unsure', null) } as WriteRequest)
      await clock.advance(SILENCE_MS - 500)
      expect(client.endReason).to.equal(undefined)
      await clock.advance(1_500)
      expect(client.endReason).to.equal('suspended')
      expect(one.keeper.isServing).to.equal(false)
      // Long enough for everybody to die, if time ran on.
      await clock.advance(3 * TIMEOUT_MS)
      expect(client.replies).to.have.length(answered)
      one.store.mend()
      await clock.advance(2_000)
      expect(one.keeper.isServing).to.equal(true)
      const again = await resume(one, client)
      expect(again).to.not.equal(undefined)
      expect(one.keeper.replica.tree.get('/e')?.ephemeralOwner).to.equal(client.session.id)
      // Whether it was done is unknown to its client, but it was done once or not at all.
      const unsure = one.keeper.replica.tree.get('/unsure')
      if (unsure !== undefined) expect(unsure.version).to.equal(0)
      await again!.create('/after')
      expect(await endsAfter(one, again!)).to.be.within(TIMEOUT_MS, TIMEOUT_MS + 2 * TICK_MS)
    })

    it('of one keeper: its clients live on at another', async () => {
      const one = await start()
      const two = await start()
      const client = await open(one)
      await client.create('/e', 'ephemeral')
      one.store.cut()
      await clock.advance(SILENCE_MS + 1_500)
      expect(client.endReason).to.equal('suspended')
      const moved = await resume(two, client)
      expect(moved).to.not.equal(undefined)
      await moved!.create('/moved')
      one.store.mend()
      for (let i = 0; i < 10; i++) {
        await clock.advance(TIMEOUT_MS / 2)
        two.keeper.sessions.touch(moved!.session)
      }
      expect(one.keeper.isServing).to.equal(true)
      expect(lives(one, client)).to.equal(true)
      expect(moved!.endReason).to.equal(undefined)
      expect(one.keeper.replica.tree.get('/moved')).to.not.equal(undefined)
      expect(one.keeper.sessions.expiredCount + two.keeper.sessions.expiredCount).to.equal(0)
    })

    it('while only the feed is silent, the journal is read: nothing stale is served', async () => {
      const one = await start()
      const two = await start()
      const client = await open(one)
      const writer = await open(two)
      one.store.cutFeed()
      for (let i = 0; i < 5; i++) {
        await writer.create(`/fresh-${i}`)
        await clock.advance(2_000)
        expect(one.keeper.replica.tree.has(`/fresh-${i}`)).to.equal(true)
        one.keeper.sessions.touch(client.session)
        two.keeper.sessions.touch(writer.session)
      }
      expect(one.keeper.committer.catchUps).to.be.above(0)
      expect(client.endReason).to.equal(undefined)
      // A write and a sync do not depend on the feed either.
      await client.create('/own')
      await writer.create('/theirs')
      const synced = one.keeper.sync()
      await clock.advance(400)
      await synced
      expect(one.keeper.replica.tree.has('/theirs')).to.equal(true)
    })
  })

  describe('a keeper that was stopped and goes on', () => {
    it('expires nobody whose words it has not read yet', async () => {
      const one = await start()
      const client = await open(one)
      await clock.advance(TIMEOUT_MS - 1_000)
      // Shorter than the silence it would notice by its store, but past the session's end.
      await clock.jump(2_000)
      one.keeper.sessions.touch(client.session)
      await clock.advance(TIMEOUT_MS - 1_000)
      expect(lives(one, client)).to.equal(true)
      expect(await endsAfter(one, client)).to.be.within(900, 1_000 + 2 * TICK_MS)
    })
  })
})
