/** How a change feed ends when it must: history that is not kept, or that went back, and readers that are slow. */
import { expect } from 'chai'
import { Keeper, type KeeperLimits, LIMITS_DEFAULT, type MetadataStore } from '../../lib/index.ts'
import { RECENT_OVERHEAD_BYTES } from '../../lib/member/tree/recent-entries.ts'
import { eventually as eventuallyOf } from '../support/eventually.ts'
import { FeedCopy, follow, nodesOf } from '../support/feed-copy.ts'
import { FeedWriter } from '../support/feed-writer.ts'
import { livenessBench } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { Address } from '../support/switched-store.ts'

const eventually = (what: string, check: () => boolean) => eventuallyOf(what, check, 20_000)

/** A feed may have passed entries without a transaction since. */
const zxidOf = (position: string) => position.split('.')[0]

describe('a change feed that ends', () => {
  let address: Address
  let stop: AbortController
  const opened: { keeper: Keeper; store: MetadataStore }[] = []
  beforeEach(() => {
    address = new Address()
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    for (const { keeper, store } of opened.splice(0)) {
      await keeper.close(0)
      await store.close()
    }
  })

  async function start(limits: Partial<KeeperLimits> = {}): Promise<Keeper> {
    const store = address.handle()
    const keeper = await Keeper.open({
      store,
      limits: { historyRetentionMs: 0, freshnessCheckMs: 100, ...limits },
    })
    opened.push({ keeper, store })
    return keeper
  }
  async function stopKeeper(keeper: Keeper): Promise<void> {
    const [one] = opened.splice(
      opened.findIndex((other) => other.keeper === keeper),
      1,
    )
    await keeper.close()
    await one!.store.close()
  }
  const read = (keeper: Keeper, from?: string) =>
    follow(keeper.changes({ from, signal: stop.signal }))

  /** Where a fresh feed begins. */
  async function positionOf(keeper: Keeper): Promise<string> {
    const feed = follow(keeper.changes(), ({ kind }) => kind === 'live')
    await feed.ended
    return feed.copy.position!
  }
  /** One batch each. */
  async function write(writer: FeedWriter, count: number, data = ''): Promise<void> {
    for (let i = 0; i < count; i++) expect(await writer.set('/a', `${data}${i}`)).to.equal(0)
  }
  async function begin(limits: Partial<KeeperLimits> = {}) {
    const keeper = await start(limits)
    const writer = await FeedWriter.open(keeper)
    await writer.create('/a')
    return { keeper, writer, from: await positionOf(keeper) }
  }

  it('a position older than the bytes that are kept is gone, with the oldest zxid', async () => {
    const { keeper, writer, from } = await begin({ changesRetainedBytesMax: 10_000 })
    await write(writer, 100)
    const { bytes, oldestZxid } = keeper.changeLog.recent
    expect(bytes).to.be.within(10_000 - 2 * RECENT_OVERHEAD_BYTES - 200, 10_000)
    const error = (await read(keeper, from).ended)!
    expect(error).to.include({ code: 'CHANGES_GONE', position: from, oldestZxid })
    expect(oldestZxid).to.be.within(keeper.replica.zxid - 99, keeper.replica.zxid - 20)
    expect(keeper.changeLog.counters).to.include({ gone: 1, slow: 0 })
  })

  it('a reader that falls behind is ended with its position, and resumes there', async () => {
    for (const limits of [{ changesLagTxnsMax: 50 }, { changesLagBytesMax: 50 * 200 }]) {
      const { keeper, writer, from } = await begin(limits)
      const feed = keeper.changes({ from })
      await writer.set('/a', 'first')
      const copy = new FeedCopy()
      copy.apply((await feed.next()).value!)
      await write(writer, 120)
      const error = await feed.next().catch((reason) => reason)
      expect(error).to.include({ code: 'CHANGES_SLOW', position: copy.position })
      expect(keeper.changeLog.counters.slow).to.equal(1)
      expect(keeper.changeLog.openCount).to.equal(0)
      // What it was behind when it was opened does not count: it resumes with more than the bound to read.
      const rest = follow(
        keeper.changes({ from: error.position }),
        ({ zxid }) => zxid === keeper.replica.zxid,
      )
      expect(await rest.ended).to.equal(undefined)
      expect(rest.copy.changes).to.have.length(120)
      await stopKeeper(keeper)
      address = new Address()
    }
  })

  it('a reader behind what is kept is ended, too, and then its position is gone', async () => {
    const { keeper, writer, from } = await begin({ changesRetainedBytesMax: 10_000 })
    const feed = keeper.changes({ from })
    await writer.set('/a', 'first')
    const { position } = (await feed.next()).value as { position: string }
    await write(writer, 100)
    const error = await feed.next().catch((reason) => reason)
    expect(error).to.include({ code: 'CHANGES_SLOW', position })
    expect(await read(keeper, position).ended).to.include({ code: 'CHANGES_GONE' })
  })

  it('a snapshot that is read too slowly ends without a position', async () => {
    const { keeper, writer } = await begin({ changesLagBytesMax: 100_000 })
    const many = Array.from({ length: 1_500 }, (_, i) => writer.create(`/n${i}`, 'x'))
    await Promise.all(many)
    const feed = keeper.changes()
    expect((await feed.next()).value!.kind).to.equal('snapshot')
    const data = 'y'.repeat(1_000)
    // Of those that are not read yet, what they were is kept.
    await Promise.all(Array.from({ length: 1_500 }, (_, i) => writer.set(`/n${i}`, data)))
    const error = await feed.next().catch((reason) => reason)
    expect(error).to.include({ code: 'CHANGES_SLOW', position: undefined })
    expect(keeper.replica.tree.onChanging, 'nothing is kept any more').to.equal(undefined)
  })

  it('resumes behind a restart, from what the journal in the store still has', async () => {
    const one = await begin()
    await write(one.writer, 50)
    await stopKeeper(one.keeper)
    const two = await start()
    const feed = read(two, one.from)
    await eventually('all', () => feed.copy.changes.length === 50)
  })

  it('a restored store: what was read and is lost ends a feed, what was not read does not', async () => {
    const { keeper, writer, from } = await begin()
    await write(writer, 3)
    const early = keeper.changes({ from })
    const kept = ((await early.next()).value as { position: string }).position
    await eventually('the records', () => keeper.replica.backlog.size === 0)
    const snapshot = await address.snapshot()
    const late = read(keeper, from)
    await write(writer, 5, 'lost')
    await eventually('all', () => late.copy.changes.length === 8)
    const lost = late.copy.position!
    await address.restore(snapshot)
    const error = (await late.ended)!
    expect(error).to.include({ code: 'CHANGES_GONE' })
    expect(zxidOf(error.position!)).to.equal(zxidOf(lost))
    await eventually('the epoch', () => keeper.isServing)
    const other = await FeedWriter.open(keeper)
    await write(other, 2, 'new')
    const rest = follow(early)
    await eventually('the rest', () => rest.copy.zxid >= keeper.replica.zxid)
    const sets = rest.copy.changes.map(({ ops: [op] }) => {
      return op?.op === 'setData' ? `${op.data}` : op?.op
    })
    expect(sets).to.deep.equal(['1', '2', 'new0', 'new1'])
    expect(await read(keeper, lost).ended).to.include({ code: 'CHANGES_GONE' })
    const again = read(keeper, kept)
    await eventually('the same', () => again.copy.changes.length === 4)
    await keeper.close(0)
    expect(await rest.ended).to.include({ code: 'STORE_CLOSED' })
  })

  it('a history that nobody saw go back is another one, with the same zxids', async () => {
    const { keeper, writer, from } = await begin()
    await eventually('the records', () => keeper.replica.backlog.size === 0)
    const snapshot = await address.snapshot()
    await write(writer, 5, 'one')
    const position = await positionOf(keeper)
    await stopKeeper(keeper)
    await address.restore(snapshot)
    const two = await start()
    const other = await FeedWriter.open(two)
    await write(other, 20, 'two')
    const error = (await read(two, position).ended)!
    expect(error).to.include({ code: 'CHANGES_GONE', position })
    const kept = read(two, from)
    await eventually('what was kept', () => kept.copy.changes.length === 20)
  })

  it('continues when the tree is reloaded, with what was kept before', async () => {
    const { keeper, writer, from } = await begin()
    const feed = read(keeper, from)
    await write(writer, 10)
    await eventually('all', () => feed.copy.changes.length === 10)
    await eventually('the records', () => keeper.replica.backlog.size === 0)
    const { first } = keeper.changeLog.recent
    const { tree, zxid } = keeper.replica
    tree.apply({ type: 'setData', path: '/a', data: 'wrong', version: 0 }, zxid, 0)
    const other = await FeedWriter.open(await start())
    await write(other, 10)
    await eventually('it was reloaded', () => keeper.resyncCount === 1)
    await eventually('all', () => feed.copy.changes.length === 20)
    expect(keeper.changeLog.recent.first).to.equal(first)
    const whole = read(keeper, from)
    await eventually('all of it', () => whole.copy.changes.length === 20)
    expect(keeper.historyLossCount).to.equal(0)
  })

  it('keeps a snapshot as it was while everything changes', async () => {
    const { keeper, writer } = await begin()
    const paths = Array.from({ length: 2_500 }, (_, i) => `/n${i}`)
    await Promise.all(paths.map((path) => writer.create(path, 'before')))
    await keeper.sync()
    const before = nodesOf(keeper)
    const feed = keeper.changes()
    const copy = new FeedCopy()
    let isLive = false
    for (let step = 0; !isLive; step++) {
      const { value } = await feed.next()
      copy.apply(value!)
      isLive = value!.kind === 'live'
      const some = paths.filter((_, i) => i % 5 === step)
      await Promise.all(some.map((path) => writer.set(path, 'after')))
      await Promise.all(some.filter((_, i) => i % 2 === 0).map((path) => writer.delete(path)))
      await Promise.all(some.filter((_, i) => i % 4 === 0).map((path) => writer.create(path, '2')))
    }
    expect(copy.picture()).to.deep.equal(before)
    const { zxid } = keeper.replica
    for (let at = copy.zxid; at < zxid; at = copy.zxid) copy.apply((await feed.next()).value!)
    expect(copy.picture()).to.deep.equal(nodesOf(keeper))
    await feed.return!()
  })
})

describe('a change feed and time', () => {
  const bench = livenessBench()

  it('has a bookmark each second, also behind what is not below its prefix', async () => {
    const one = await bench.start()
    const probe = await bench.open(one)
    const stop = new AbortController()
    const feed = follow(one.keeper.changes({ prefix: '/mine', signal: stop.signal }))
    await settle()
    await bench.clock.advance(3_000)
    const kinds = () => feed.records.map(({ kind }) => kind)
    expect(kinds()).to.deep.equal(['live', 'bookmark', 'bookmark', 'bookmark'])
    const before = feed.copy.position
    for (let i = 0; i < 10; i++) {
      await probe.create(`/other${i}`)
      await bench.clock.advance(250)
    }
    expect(kinds().slice(4)).to.deep.equal(['bookmark', 'bookmark'])
    expect(feed.copy.position).to.not.equal(before)
    await bench.clock.advance(1_000)
    expect(feed.copy.zxid).to.equal(one.keeper.replica.zxid)
    stop.abort()
    expect(await feed.ended).to.equal(undefined)
  })

  it('has none while this member does not know what is committed', async () => {
    const one = await bench.start()
    const stop = new AbortController()
    const feed = follow(one.keeper.changes({ prefix: '/mine', signal: stop.signal }))
    await settle()
    one.store.cut()
    await bench.clock.advance(10_000)
    expect(one.keeper.isServing).to.equal(false)
    const { length } = feed.records
    await bench.clock.advance(10_000)
    expect(feed.records).to.have.length(length)
    one.store.mend()
    await bench.clock.advance(10_000)
    expect(feed.records.length).to.be.above(length)
    stop.abort()
    await feed.ended
  })

  it('a position ahead of this member waits for what was committed, and one ahead of all is gone', async () => {
    const one = await bench.start()
    const two = await bench.start()
    const probe = await bench.open(one)
    await settle()
    two.store.cutFeed()
    await probe.create('/a')
    const start = follow(one.keeper.changes(), ({ kind }) => kind === 'live')
    await settle()
    const from = start.copy.position!
    expect(two.keeper.replica.zxid).to.be.below(start.copy.zxid)
    const stop = new AbortController()
    const feed = follow(two.keeper.changes({ from, signal: stop.signal }))
    await bench.clock.advance(1_000)
    expect(two.keeper.replica.zxid).to.equal(start.copy.zxid)
    two.store.mendFeed()
    await probe.create('/b')
    await bench.clock.advance(3_000)
    expect(feed.copy.changes.map(({ ops }) => ops[0])).to.have.nested.property('0.path', '/b')
    const [zxid, , ...rest] = from.split('.')
    const ahead = follow(two.keeper.changes({ from: [zxid, 'ffffff', ...rest].join('.') }))
    await bench.clock.advance(1_000)
    expect(await ahead.ended).to.include({ code: 'CHANGES_GONE' })
    two.store.cut()
    const waits = follow(
      two.keeper.changes({ from: [zxid, 'ffffff', ...rest].join('.'), signal: stop.signal }),
    )
    await bench.clock.advance(1_000)
    stop.abort()
    await settle()
    expect(await waits.ended, 'its signal ends the wait').to.equal(undefined)
  })

  it('a position is gone once its time is over', async () => {
    const one = await bench.start()
    const probe = await bench.open(one)
    const start = follow(one.keeper.changes(), ({ kind }) => kind === 'live')
    await settle()
    await probe.create('/a')
    const from = start.copy.position!
    const resumed = () => follow(one.keeper.changes({ from }), ({ kind }) => kind === 'change')
    await bench.clock.advance(LIMITS_DEFAULT.changesRetentionMs - 10_000)
    const within = resumed()
    await settle()
    expect(within.copy.changes).to.have.length(1)
    await bench.clock.advance(20_000)
    const after = resumed()
    await settle()
    expect(await after.ended).to.include({ code: 'CHANGES_GONE' })
  })
})
