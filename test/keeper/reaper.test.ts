/** C1 and C2: containers and TTL znodes go by themselves, on a clock that the test moves. */
import { expect } from 'chai'
import { type Clock, connect, type Keeper, type ZooKeeper } from '../../lib/index.ts'
import { DataTree } from '../../lib/member/tree/data-tree.ts'
import { reapableNow, restoreAges } from '../../lib/member/upkeep/reaper.ts'
import { KIND } from '../../lib/model/znode.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { ManualClock } from '../support/manual-clock.ts'

const INTERVAL_MS = 1_000

describe('reaper', () => {
  let bench: KeeperBench
  let clock: ManualClock
  let client: ZooKeeper
  let keeper: Keeper

  beforeEach(async () => {
    clock = new ManualClock()
    bench = keeperBench({ clock })
    keeper = (await bench.open({ reaperIntervalMs: INTERVAL_MS }, { clock })).keeper
    const connecting = connect(keeper, { timeoutMs: 60_000 })
    await clock.advance(10)
    client = await connecting
  })
  afterEach(() => bench.close())

  /** Lets the clock run while a call is on its way: commits wait for it now and then. */
  async function done<T>(call: Promise<T>): Promise<T> {
    let pending = true
    call
      .finally(() => {
        pending = false
      })
      .catch(() => {})
    while (pending) await clock.advance(1)
    return call
  }

  it('C1 a container goes when its last child has gone, one never used stays', async () => {
    await done(client.create('/used', null, { mode: 'container' }))
    await done(client.create('/unused', null, { mode: 'container' }))
    await done(client.create('/used/child'))
    await clock.advance(INTERVAL_MS * 2)
    expect(await client.exists('/used')).to.not.equal(undefined)
    await done(client.delete('/used/child'))
    const gone: string[] = []
    await client.exists('/used', ({ type, path }) => gone.push(`${type} ${path}`))
    const root = await client.exists('/')
    await clock.advance(INTERVAL_MS * 2)
    expect(await client.exists('/used')).to.equal(undefined)
    expect(await client.exists('/unused')).to.not.equal(undefined)
    expect(gone).to.deep.equal(['2 /used'])
    expect((await client.exists('/'))?.pzxid).to.be.greaterThan(root?.pzxid ?? 0)
  })

  it('C2 a TTL znode goes after its time without a change, never with children', async () => {
    await done(client.create('/short', null, { mode: 'ttl', ttlMs: 5_000 }))
    await done(client.create('/parent', null, { mode: 'ttl', ttlMs: 5_000 }))
    await done(client.create('/parent/child'))
    await clock.advance(4_000)
    await done(client.setData('/short', Buffer.from('renewed')))
    await clock.advance(4_000)
    expect(await client.exists('/short')).to.not.equal(undefined)
    await clock.advance(3_000)
    expect(await client.exists('/short')).to.equal(undefined)
    expect(await client.exists('/parent')).to.not.equal(undefined)
    await done(client.delete('/parent/child'))
    await clock.advance(2_000)
    expect(await client.exists('/parent')).to.equal(undefined)
  })

  it('C2 the time of a znode does not depend on a proxy’s wall clock', async () => {
    await done(client.create('/short', null, { mode: 'ttl', ttlMs: 5_000 }))
    // Two minutes ahead, and the one that reaps if its id is the lower one.
    for (const offsetMs of [120_000, -120_000]) {
      const wrong: Clock = {
        now: () => clock.now() + offsetMs,
        monotonic: () => clock.monotonic(),
        after: (delayMs, run) => clock.after(delayMs, run),
      }
      await done(bench.open({ reaperIntervalMs: INTERVAL_MS }, { clock: wrong }))
    }
    await clock.advance(4_500)
    expect(await client.exists('/short')).to.not.equal(undefined)
    await done(client.setData('/short', Buffer.from('renewed')))
    await clock.advance(4_500)
    expect(await client.exists('/short')).to.not.equal(undefined)
    await clock.advance(2_500)
    expect(await client.exists('/short')).to.equal(undefined)
  })

  /** Ends the keeper, lets time pass, and begins another whose wall clock is off by so much. */
  async function startAgain(offsetMs: number, waitMs: number): Promise<void> {
    await done(keeper.close(0))
    await clock.advance(waitMs)
    const wrong: Clock = {
      now: () => clock.now() + offsetMs,
      monotonic: () => clock.monotonic(),
      after: (delayMs, run) => clock.after(delayMs, run),
    }
    const next = await done(bench.open({ reaperIntervalMs: INTERVAL_MS }, { clock: wrong }))
    client = await done(connect(next.keeper, { timeoutMs: 60_000 }))
  }

  it('C2 a change under the same zxid of another history is another one', () => {
    const treeOf = (time: number, changedMs: number): DataTree => {
      const tree = new DataTree()
      tree.monotonic = () => changedMs
      const znode = { data: null, acl: [], ephemeralOwner: 0n, kind: KIND.ttl, ttlMs: 5_000 }
      tree.apply({ type: 'create', path: '/short', ...znode, parentCreates: 1 }, 7, time)
      return tree
    }
    const before = treeOf(100, 1_000)
    const same = treeOf(100, 4_000)
    const other = treeOf(3_000, 4_000)
    restoreAges(same, 4_000, { before })
    restoreAges(other, 4_000, { before })
    expect(reapableNow(same, 6_500).map(({ path }) => path)).to.deep.equal(['/short'])
    expect(reapableNow(other, 6_500)).to.deep.equal([])
    expect(reapableNow(other, 9_500).map(({ path }) => path)).to.deep.equal(['/short'])
  })

  it('C2 a proxy that starts alone counts from mtime, by its own wall clock', async () => {
    await done(client.create('/short', null, { mode: 'ttl', ttlMs: 20_000 }))
    await startAgain(3_000, 6_000)
    await clock.advance(9_000)
    expect(await client.exists('/short')).to.not.equal(undefined)
    // 6 s and 11 s, and 3 s of a clock that is ahead.
    await clock.advance(3_000)
    expect(await client.exists('/short')).to.equal(undefined)
  })

  it('C2 a proxy whose clock is behind mtime, and starts alone, counts from its start', async () => {
    await done(client.create('/short', null, { mode: 'ttl', ttlMs: 20_000 }))
    await startAgain(-120_000, 6_000)
    await clock.advance(19_000)
    expect(await client.exists('/short')).to.not.equal(undefined)
    await clock.advance(3_000)
    expect(await client.exists('/short')).to.equal(undefined)
  })
})
