/** The change feed: every committed transaction once, in order, behind a snapshot or a position. */
import { expect } from 'chai'
import type { Change, ChangeRecord, Keeper, MultiOp } from '../../lib/internal.ts'
import { eventually as eventuallyOf } from '../support/eventually.ts'
import { follow, nodesOf } from '../support/feed-copy.ts'
import { FeedWriter } from '../support/feed-writer.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { mulberry32 } from '../support/mulberry32.ts'

const eventually = (what: string, check: () => boolean) => eventuallyOf(what, check, 20_000)

describe('change feed', () => {
  let bench: KeeperBench
  let stop: AbortController
  beforeEach(() => {
    bench = keeperBench()
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await bench.close()
  })

  const isAt = (zxid: number) => (record: ChangeRecord) => record.zxid >= zxid
  const isPast = (zxid: number) => (record: ChangeRecord) =>
    record.kind !== 'snapshot' && isAt(zxid)(record)

  /** Everything up to where the keeper is now. */
  async function readAll(keeper: Keeper, from?: string) {
    await keeper.sync()
    const { zxid } = keeper.replica
    const reading = follow(keeper.changes({ from, signal: stop.signal }), isPast(zxid))
    expect(await reading.ended).to.equal(undefined)
    return reading
  }

  /** Whatever comes, in no order of its own: some fail, some end sessions. */
  async function play(keepers: Keeper[], seed: number, steps: number): Promise<void> {
    const random = mulberry32(seed)
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
    let writers = await Promise.all(keepers.map((keeper) => FeedWriter.open(keeper)))
    const names = ['/a', '/b', '/a/x', '/a/y', '/b/z', '/a/x/1', '/a/x/2', '/c', '/ab']
    const pending: Promise<number>[] = []
    for (let step = 0; step < steps; step++) {
      const writer = pick(writers)
      const path = pick(names)
      const multi: MultiOp[] = [
        { type: 'check', path, version: -1 },
        { type: 'setData', path, data: `m${step}`, version: -1 },
        { type: 'delete', path: pick(names), version: -1 },
      ]
      const acts = [
        () => writer.create(path, `c${step}`),
        () => writer.create(path, '', 'ephemeral'),
        () => writer.create(path, '', 'container'),
        () => writer.create(path, 't', 'ttl', 5_000),
        () => writer.create(`${path}/s-`, `${step}`, 'ephemeral-sequential'),
        () => writer.create('/s-', `${step}`, 'persistent-sequential'),
        () => writer.set(path, `d${step}`),
        () => writer.setAcl(path, pick([31, 15])),
        () => writer.delete(path),
        () => writer.write({ type: 'multi', ops: multi }),
      ]
      pending.push(pick(acts)())
      if (random() < 0.05) {
        pending.push(writer.close())
        const opened = await FeedWriter.open(pick(keepers))
        writers = writers.map((one) => (one === writer ? opened : one))
      }
      if (random() < 0.3) await Promise.all(pending.splice(0))
    }
    await Promise.all(pending)
    await Promise.all(writers.map((writer) => writer.close()))
    // What comes last is in the feed, so nobody has to wait for a bookmark.
    const last = await FeedWriter.open(pick(keepers))
    await last.create('/end')
    await last.set('/end', `${seed}`)
  }

  for (const [seed, journalFormatMax] of [
    [1, 3],
    [2, 3],
    [3, 3],
    [4, 2],
  ] as const) {
    it(`a copy that knows nothing else is the tree, and both members say the same (seed ${seed})`, async () => {
      const limits = { journalFormatMax }
      const keepers = [(await bench.open(limits)).keeper, (await bench.open(limits)).keeper]
      const [one, two] = keepers as [Keeper, Keeper]
      const feeds = keepers.map((keeper) => follow(keeper.changes({ signal: stop.signal })))
      await eventually('snapshots', () => feeds.every(({ records }) => records.length > 1))
      const playing = play(keepers, seed, 400)
      const late = await readAll(one)
      await playing
      await Promise.all(keepers.map((keeper) => keeper.sync()))
      const { zxid } = one.replica
      await eventually('both feeds', () => feeds.every(({ copy }) => copy.zxid === zxid))
      const [a, b] = feeds.map(({ copy }) => copy)
      expect(a!.picture()).to.deep.equal(nodesOf(one))
      expect(b!.picture()).to.deep.equal(nodesOf(two))
      const from = (zxidMin: number) => (change: Change) => change.zxid > zxidMin
      const since = Math.max(...feeds.map(({ records }) => records[1]!.zxid))
      expect(a!.changes.filter(from(since))).to.deep.equal(b!.changes.filter(from(since)))
      // From where its snapshot ended.
      const rest = await readAll(two, late.copy.position)
      expect([...late.copy.changes, ...rest.copy.changes]).to.deep.equal(
        b!.changes.filter(from(late.records.find(({ kind }) => kind === 'live')!.zxid)),
      )
    })
  }

  it('resumes from each position with exactly what comes next, on any member', async () => {
    const { keeper: one } = await bench.open()
    const { keeper: two } = await bench.open()
    const all = follow(one.changes({ signal: stop.signal }))
    await eventually('a snapshot', () => all.records.at(-1)?.kind === 'live')
    const start = all.copy.position!
    await play([one, two], 7, 250)
    await one.sync()
    await eventually('all', () => all.copy.zxid === one.replica.zxid)
    const { changes } = all.copy
    expect(changes.length).to.be.above(50)
    expect(new Set(changes.map(({ position }) => position)).size).to.equal(changes.length)
    const middles = changes.filter(({ position }) => position.split('.')[2] !== 'end')
    expect(middles.length, 'positions within a batch').to.be.above(5)
    for (const [done, from] of [start, ...changes.map(({ position }) => position)].entries()) {
      const rest = await readAll(done % 2 === 0 ? one : two, from)
      expect(rest.copy.changes).to.deep.equal(changes.slice(done))
    }
  })

  it('a multi is one record, one that fails is none, and the end of a session is one', async () => {
    const { keeper } = await bench.open()
    const feed = follow(keeper.changes({ signal: stop.signal }))
    const writer = await FeedWriter.open(keeper)
    await writer.create('/e', '', 'ephemeral')
    const create = (path: string): MultiOp => ({
      ...({ type: 'create', op: 1, path, data: '', flags: 0, ttlMs: 0 } as const),
      acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
    })
    expect(await writer.write({ type: 'multi', ops: [create('/m'), create('/m/n')] })).to.equal(0)
    await writer.write({ type: 'multi', ops: [create('/o'), create('/m')] })
    await writer.create('/f', '', 'ephemeral')
    await writer.close()
    await eventually('the end', () => feed.copy.zxid === keeper.replica.zxid)
    const said = feed.copy.changes.map(({ session, ops }) => [
      session === writer.session.id,
      ops.map((op) => ('path' in op ? `${op.op} ${op.path}` : op.op)),
    ])
    expect(said.filter(([, ops]) => (ops as string[]).length > 0)).to.deep.equal([
      [true, ['create /e']],
      [true, ['create /m', 'create /m/n']],
      [true, ['create /f']],
      [true, ['delete /e', 'delete /f']],
    ])
  })

  it('names the ephemerals of a session whose entry does not', async () => {
    const { keeper } = await bench.open({ closeBytesMax: 6 })
    const feed = follow(keeper.changes({ signal: stop.signal }))
    const writer = await FeedWriter.open(keeper)
    for (const name of ['/e2', '/e1', '/e3']) await writer.create(name, '', 'ephemeral')
    await writer.close()
    await eventually('the end', () => feed.copy.zxid === keeper.replica.zxid)
    const { ops } = feed.copy.changes.at(-1)!
    expect(ops).to.deep.equal(['/e1', '/e2', '/e3'].map((path) => ({ op: 'delete', path })))
    const again = await readAll(keeper, feed.copy.changes[0]!.position)
    expect(again.copy.changes).to.deep.equal(feed.copy.changes.slice(1))
  })

  it('has only what lies below the prefix, and of a multi that part', async () => {
    const { keeper } = await bench.open()
    const writer = await FeedWriter.open(keeper)
    for (const path of ['/a', '/a/b', '/ab']) await writer.create(path, path)
    const feed = follow(keeper.changes({ prefix: '/a', signal: stop.signal }))
    await eventually('a snapshot', () => feed.records.at(-1)?.kind === 'live')
    expect([...feed.copy.nodes.keys()]).to.deep.equal(['/a', '/a/b'])
    const ops: MultiOp[] = ['/a/b', '/ab', '/a'].map((path) => {
      return { type: 'setData', path, data: 'new', version: -1 }
    })
    await writer.set('/ab', 'x')
    await writer.write({ type: 'multi', ops })
    await eventually('the change', () => feed.copy.zxid === keeper.replica.zxid)
    expect(feed.copy.changes).to.have.length(1)
    expect(feed.copy.changes[0]!.ops.map((op) => 'path' in op && op.path)).to.eql(['/a/b', '/a'])
  })

  it('leaves data out, and lists sessions, if so requested', async () => {
    const { keeper } = await bench.open()
    const plain = follow(keeper.changes({ withoutData: true, signal: stop.signal }))
    const more = follow(keeper.changes({ withSessions: true, signal: stop.signal }))
    await eventually('snapshots', () => plain.records.length > 1 && more.records.length > 1)
    const writer = await FeedWriter.open(keeper)
    const { id } = writer.session
    await writer.create('/e', 'data', 'ephemeral')
    await writer.set('/e', 'more')
    await writer.close()
    await eventually('all', () => more.copy.zxid === keeper.replica.zxid)
    await eventually('all', () => plain.copy.zxid === keeper.replica.zxid)
    const { records } = plain
    const withData = JSON.stringify(records, (_, value) => `${value}`).includes('"data"')
    expect(withData).to.equal(false)
    expect(plain.copy.changes.map(({ ops }) => ops[0]!.op)).to.eql(['create', 'setData', 'delete'])
    const [opened, ...rest] = more.copy.changes
    const { proxy: owner } = keeper
    expect(opened!.ops).to.eql([{ op: 'createSession', id, timeoutMs: 30_000, owner }])
    expect(rest.at(-1)!.ops).to.eql([
      { op: 'closeSession', id },
      { op: 'delete', path: '/e' },
    ])
  })

  it('ends with its signal, with its keeper, and with the loop that reads it', async () => {
    const { keeper } = await bench.open()
    const { changeLog } = keeper
    const aborted = new AbortController()
    const one = follow(keeper.changes({ signal: aborted.signal }))
    const two = follow(keeper.changes())
    await eventually('snapshots', () => [one, two].every(({ records }) => records.length === 2))
    for await (const record of keeper.changes()) if (record.kind === 'live') break
    expect(changeLog.openCount).to.equal(2)
    aborted.abort()
    expect(await one.ended).to.equal(undefined)
    await keeper.close(0)
    expect(await two.ended).to.include({ code: 'STORE_CLOSED' })
    expect(changeLog.openCount).to.equal(0)
    expect(await follow(keeper.changes()).ended).to.include({ code: 'STORE_CLOSED' })
  })

  it('refuses options that are not valid, and positions that are none', async () => {
    const { keeper } = await bench.open()
    const wrong = (options: object) => () => keeper.changes(options)
    expect(wrong({ form: '' })).to.throw(TypeError, 'unknown option "form"')
    expect(wrong({ prefix: 'a' })).to.throw(TypeError, 'prefix')
    expect(wrong({ prefix: '/a/' })).to.throw(TypeError, 'prefix')
    expect(wrong({ signal: true })).to.throw(TypeError, 'signal')
    for (const from of ['', 'x', '1', '1.1.end', '1.1.end.12', `${'f'.repeat(14)}.1.end.-`, 5]) {
      expect(wrong({ from }), `${from}`).to.throw(TypeError, 'from')
    }
  })

  it('lets others have their turn, also with a reader that never waits', async () => {
    const { keeper } = await bench.open()
    const writer = await FeedWriter.open(keeper)
    await writer.create('/a')
    const { copy } = await readAll(keeper)
    await Promise.all(Array.from({ length: 20_000 }, (_, i) => writer.set('/a', `${i}`)))
    let turns = 0
    let isReading = true
    const turn = (): void => {
      turns++
      if (isReading) setImmediate(turn)
    }
    turn()
    let read = 0
    for await (const record of keeper.changes({ from: copy.position! })) {
      if (record.kind === 'change' && ++read === 20_000) break
    }
    isReading = false
    expect(turns).to.be.above(20)
  })
})
