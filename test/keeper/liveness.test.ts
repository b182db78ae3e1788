/**
 * Who lives and who dies when keepers crash, leave or lose their store. Time is a ManualClock's:
 * every bound below is exact, and nothing waits.
 */
import { expect } from 'chai'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import {
  createOp,
  type EndReason,
  Keeper,
  type KeeperLimits,
  type Random,
  type Session,
  type SessionSink,
  type WriteRequest,
} from '../../lib/index.ts'
import { type CutStore, cutStore } from '../support/cut-store.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const TICK_MS = 1_000
const TTL_MS = 4_000
const SILENCE_MS = 2_500
const TIMEOUT_MS = 10_000

const LIMITS: Partial<KeeperLimits> = {
  tickTimeMs: TICK_MS,
  sessionTimeoutMsMin: 2_000,
  sessionTimeoutMsMax: 20_000,
  proxyTtlMs: TTL_MS,
  storeSilenceMsMax: SILENCE_MS,
  feedSilenceMsMax: 4_000,
  historyRetentionMs: 0,
  reaperIntervalMs: 3_600_000,
}

/** No luck: jitter is always the same. */
const steady = (fraction: number): Random => {
  let seed = 1
  return {
    fraction: () => fraction,
    bytes: (count) => Uint8Array.from({ length: count }, () => (seed = (seed * 31 + 7) % 251)),
  }
}

/** A client's connection, without the wire. */
class Probe implements SessionSink {
  session!: Session
  password!: Uint8Array
  readonly events: [type: number, path: string][] = []
  readonly replies: [tag: number, errno: number][] = []
  endReason: EndReason | undefined
  #tag = 0

  reply(tag: number, _request: unknown, _zxid: number, errno: number): void {
    this.replies.push([tag, errno])
  }
  event(type: number, path: string): void {
    this.events.push([type, path])
  }
  ended(reason: EndReason): void {
    this.endReason = reason
  }
  /** Returns the tag that its reply will carry. */
  write(request: WriteRequest): number {
    this.session.write(request, ++this.#tag)
    return this.#tag
  }
  async create(path: string, mode: 'persistent' | 'ephemeral' = 'persistent'): Promise<void> {
    const tag = this.write({ ...createOp(path, null, { mode }) } as WriteRequest)
    await settle()
    expect(this.replies.at(-1)).to.deep.equal([tag, 0])
  }
  watch(path: string): void {
    this.session.read({ type: 'exists', path, watch: true }, ++this.#tag)
  }
  watchChildren(path: string): void {
    this.session.read({ type: 'getChildren', path, watch: true }, ++this.#tag)
  }
}

interface Member {
  readonly keeper: Keeper
  readonly store: CutStore
}

describe('liveness', () => {
  let clock: ManualClock
  let backend: MemoryBackend
  let members: Member[]

  beforeEach(() => {
    clock = new ManualClock()
    backend = new MemoryBackend({ clock })
    members = []
  })
  afterEach(async () => {
    for (const { keeper, store } of members) {
      store.mend()
      store.mendFeed()
      const closed = keeper.close(0)
      await clock.advance(0)
      await closed
      await store.close()
    }
  })

  async function start(fraction = 0): Promise<Member> {
    const store = cutStore(openMemoryStore({ backend }))
    const keeper = await Keeper.open({ store, clock, random: steady(fraction), limits: LIMITS })
    const member = { keeper, store }
    members.push(member)
    await settle()
    return member
  }

  /** The process is gone: its connection to the store, its timers, everything. */
  async function crash(member: Member): Promise<void> {
    members.splice(members.indexOf(member), 1)
    await member.store.close()
    await member.keeper.close(0)
  }

  async function open({ keeper }: Member, timeoutMs = TIMEOUT_MS): Promise<Probe> {
    const probe = new Probe()
    const { session, password } = await keeper.sessions.open(timeoutMs, probe, [])
    return Object.assign(probe, { session, password })
  }

  async function resume({ keeper }: Member, client: Probe): Promise<Probe | undefined> {
    const probe = new Probe()
    const { session: before, password } = client
    const session = await keeper.sessions.resume(before.id, password, probe, [])
    return session === undefined ? undefined : Object.assign(probe, { session, password })
  }

  const lives = ({ keeper }: Member, { session }: Probe): boolean =>
    keeper.replica.sessions.has(session.id)

  /** When the session ends, from now, in steps of `stepMs`; at most `maxMs`. */
  async function endsAfter(
    at: Member,
    client: Probe,
    maxMs = 60_000,
    stepMs = 50,
  ): Promise<number> {
    const since = clock.monotonic()
    while (lives(at, client)) {
      if (clock.monotonic() - since > maxMs) throw new Error(`still alive after ${maxMs} ms`)
      await clock.advance(stepMs)
    }
    return clock.monotonic() - since
  }

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
          expect(afterMs).to.be.within(TIMEOUT_MS, TIMEOUT_MS + 2 * TICK_MS + 50)
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

    it('while only the feed is silent, reads are not given as fresh', async () => {
      const one = await start()
      const client = await open(one)
      one.store.cutFeed()
      await clock.advance(6_000)
      expect(client.endReason).to.equal('suspended')
      one.store.mendFeed()
      await clock.advance(3_000)
      expect(one.keeper.isServing).to.equal(true)
      expect(await resume(one, client)).to.not.equal(undefined)
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

    it('answers nobody before it has looked at the clock', async () => {
      const one = await start()
      const client = await open(one)
      one.keeper.checkStore()
      expect(client.endReason).to.equal(undefined)
      clock.skip(3 * TIMEOUT_MS)
      one.keeper.checkStore()
      expect(client.endReason).to.equal('suspended')
    })

    it('for longer than any timeout, cuts its clients and lets them come back', async () => {
      const one = await start()
      const client = await open(one)
      await clock.jump(3 * TIMEOUT_MS)
      await clock.advance(300)
      expect(client.endReason).to.equal('suspended')
      await clock.advance(3_000)
      const again = await resume(one, client)
      expect(again).to.not.equal(undefined)
    })
  })

  describe('history compacted while the feed is cut', () => {
    it('the tree is loaded anew, watches and sessions are told the difference', async () => {
      const one = await start()
      const two = await start()
      const writer = await open(one, 20_000)
      for (const path of ['/changed', '/same', '/gone', '/parent', '/again']) {
        await writer.create(path)
      }
      const watcher = await open(two, 20_000)
      const moving = await open(two, 20_000)
      const dying = await open(two, 20_000)
      await clock.advance(100)
      for (const path of ['/changed', '/same', '/gone', '/new', '/again']) watcher.watch(path)
      watcher.watchChildren('/parent')
      two.store.cutFeed()
      // One step of the feed is on its way already; it is held with the rest.
      writer.write({ type: 'setData', path: '/changed', data: '1', version: -1 })
      writer.write({ type: 'setData', path: '/changed', data: '2', version: -1 })
      writer.write({ type: 'delete', path: '/gone', version: -1 })
      writer.write({ type: 'delete', path: '/again', version: -1 })
      await settle()
      for (const path of ['/again', '/new', '/parent/child']) await writer.create(path)
      const moved = await resume(one, moving)
      const taken = await resume(one, dying)
      taken!.write({ type: 'closeSession' })
      await clock.advance(100)
      expect([watcher.events, moving.endReason, dying.endReason]).to.deep.equal([
        [],
        undefined,
        undefined,
      ])
      backend.mvcc.compact(backend.revision)
      two.store.mendFeed()
      await clock.advance(1_500)
      expect(two.keeper.resyncCount).to.equal(1)
      expect(watcher.endReason).to.equal(undefined)
      const told = watcher.events.map(([type, path]) => `${type} ${path}`).sort()
      expect(told).to.deep.equal(['1 /new', '2 /again', '2 /gone', '3 /changed', '4 /parent'])
      expect([moving.endReason, dying.endReason]).to.deep.equal(['moved', 'expired'])
      expect(moved!.endReason).to.equal(undefined)
      // It follows again.
      watcher.events.length = 0
      watcher.watch('/same')
      writer.write({ type: 'setData', path: '/same', data: null, version: 0 })
      await clock.advance(100)
      expect(watcher.events).to.deep.equal([[3, '/same']])
    })

    it('a session whose last words were cut short is not lost by it', async () => {
      const one = await start()
      const two = await start()
      const client = await open(two)
      await client.create('/e', 'ephemeral')
      two.store.cutFeed()
      const other = await open(one, 20_000)
      // More than one revision: the newest one stays watchable after the compaction.
      for (const path of ['/x', '/y', '/z']) await other.create(path)
      backend.mvcc.compact(backend.revision)
      two.store.mendFeed()
      await clock.advance(1_500)
      expect(two.keeper.resyncCount).to.equal(1)
      expect(client.endReason).to.equal(undefined)
      await client.create('/e2', 'ephemeral')
      expect(two.keeper.replica.tree.ephemeralsOf(client.session.id).size).to.equal(2)
    })
  })
})
