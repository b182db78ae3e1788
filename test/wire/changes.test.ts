/** The change feed of a client's handle: on a member and over the wire, the same as the keeper's own. */
import { expect } from 'chai'
import { Cache, type ChangesOptions, connect, digestOf, type ZooKeeper } from '../../lib/index.ts'
import { CHANGES_OP } from '../../lib/protocol/record/changes.ts'
import { eventually as eventuallyOf } from '../support/eventually.ts'
import { follow, nodesOf } from '../support/feed-copy.ts'
import { FeedWriter } from '../support/feed-writer.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'
import { startZookeeper } from '../support/zookeeper-server.ts'

const SUPER = 'super:secret'
const keeper = { superDigest: digestOf(Buffer.from(SUPER)) as string }
const eventually = (what: string, check: () => boolean) => eventuallyOf(what, check, 20_000)

describe('change feed of a client', () => {
  let bench: WireBench
  let stop: AbortController
  let clients: ZooKeeper[]
  beforeEach(() => {
    bench = new WireBench()
    stop = new AbortController()
    clients = []
  })
  afterEach(async () => {
    stop.abort()
    for (const client of clients) await client.close()
    await bench.close()
  })

  async function open(to: readonly Served[] | Served, chroot = '', digest = SUPER) {
    const list = [to].flat().map(({ port }) => `127.0.0.1:${port}`)
    const zk = await connect(`zk://${list.join(',')}${chroot}`, { digest, timeoutMs: 10_000 })
    clients.push(zk)
    return zk
  }
  async function onMember(served: Served, chroot = '') {
    const zk = await connect(served.keeper, chroot === '' ? {} : { chroot })
    clients.push(zk)
    return zk
  }
  const read = (zk: { changes: ZooKeeper['changes'] }, options: ChangesOptions = {}) =>
    follow(zk.changes({ signal: stop.signal, ...options }))
  type Reading = ReturnType<typeof read>
  const live = (...feeds: Reading[]) =>
    eventually('snapshots', () =>
      feeds.every(({ records }) => records.some(({ kind }) => kind === 'live')),
    )

  /** One of each kind of operation. */
  async function play(writer: FeedWriter, at: string, rounds: number): Promise<void> {
    await writer.create(at)
    for (let i = 0; i < rounds; i++) {
      await Promise.all([
        writer.create(`${at}/n${i}`, 'data'),
        writer.create(`${at}/e-`, '', 'ephemeral-sequential'),
        writer.create(`${at}/c${i}`, '', 'container'),
        writer.create(`${at}/t${i}`, '', 'ttl', 60_000),
        writer.set(`${at}/n${i}`, `value ${i} \u00fc`),
        writer.setAcl(`${at}/n${i}`, 7),
        ...(i % 2 === 0 ? [writer.delete(`${at}/n${i}`)] : []),
      ])
    }
  }

  it('says over the wire what the keeper says, record by record', async () => {
    const one = await bench.serve({ keeper })
    const two = await bench.serve({ keeper })
    const writer = await FeedWriter.open(one.keeper)
    await play(writer, '/before', 20)
    await two.keeper.sync()
    const options = [{}, { withoutData: true }, { withSessions: true }, { prefix: '/after' }]
    const feeds = await Promise.all(
      options.map(async (wanted) => {
        const own = read(two.keeper, wanted)
        await live(own)
        const wire = read(await open(two), wanted)
        await live(wire)
        return { own, wire, isWhole: !('withoutData' in wanted || 'prefix' in wanted) }
      }),
    )
    await play(writer, '/after', 50)
    await writer.close()
    await two.keeper.sync()
    const { zxid } = two.keeper.replica
    for (const { own, wire, isWhole } of feeds) {
      await eventually('both', () => [own, wire].every(({ copy }) => copy.zxid >= zxid))
      const from = wire.records.find(({ kind }) => kind === 'live')!.zxid
      const late = own.copy.changes.filter((change) => change.zxid > from)
      expect(late.length).to.be.above(100)
      expect(wire.copy.changes).to.deep.equal(late)
      if (isWhole) expect(wire.copy.picture()).to.deep.equal(nodesOf(two.keeper))
    }
  })

  it('is below the root of the client, on a member and over the wire', async () => {
    const served = await bench.serve({ keeper })
    const writer = await FeedWriter.open(served.keeper)
    for (const path of ['/app', '/app/a', '/app/a/b', '/application', '/other']) {
      await writer.create(path)
    }
    const whole = [await onMember(served, '/app'), await open(served, '/app')].map((zk) => read(zk))
    const part = read(await open(served, '/app'), { prefix: '/a' })
    await live(...whole, part)
    await writer.create('/application/x')
    await writer.set('/other', 'x')
    await writer.set('/app', 'root')
    await writer.set('/app/a/b', 'inner')
    await eventually('changes', () => whole.every(({ copy }) => copy.changes.length === 2))
    await eventually('the change', () => part.copy.changes.length === 1)
    for (const { copy } of whole) {
      expect([...copy.nodes.keys()].sort()).to.deep.equal(['/', '/a', '/a/b'])
      expect(
        copy.changes.flatMap(({ ops }) => ops.map((op) => 'path' in op && op.path)),
      ).to.deep.equal(['/', '/a/b'])
    }
    expect([...part.copy.nodes.keys()].sort()).to.deep.equal(['/a', '/a/b'])
  })

  it('continues on another server without a gap when its proxy is gone', async () => {
    const { keeper: member } = await bench.keepers.open()
    const writer = await FeedWriter.open(member)
    await writer.create('/a')
    const servers = await Promise.all([1, 2, 3, 4].map(() => bench.serve({ keeper })))
    const feed = read(await open(servers))
    await live(feed)
    const whole = read(member, { from: feed.copy.position! })
    for (let round = 1; round <= 3; round++) {
      for (let i = 0; i < 50; i++) await writer.set('/a', `${round} ${i}`)
      const at = servers.findIndex((served) => served.keeper.changeLog.openCount === 1)
      await bench.crash(servers.splice(at, 1)[0]!)
      for (let i = 0; i < 50; i++) await writer.set('/a', `${round} ${i}`)
      await eventually('all', () => feed.copy.changes.length >= round * 100)
    }
    const { zxid } = member.replica
    await eventually('both', () => [feed, whole].every(({ copy }) => copy.zxid >= zxid))
    const upTo = ({ copy }: Reading) => copy.changes.filter((change) => change.zxid <= zxid)
    expect(upTo(feed)).to.deep.equal(upTo(whole))
  })

  it('what one server has not kept is read on another', async () => {
    const one = await bench.serve({ keeper })
    const writer = await FeedWriter.open(one.keeper)
    await writer.create('/a')
    const start = follow(one.keeper.changes(), ({ kind }) => kind === 'live')
    await start.ended
    const from = start.copy.position!
    for (let i = 0; i < 50; i++) await writer.set('/a', `${i}`)
    await eventually('the records', () => one.keeper.replica.backlog.size === 0)
    const limits = { changesRetainedBytesMax: 2_000 }
    const two = await bench.serve({ keeper, limits })
    const gone = await follow(two.keeper.changes({ from })).ended
    expect(gone).to.include({ code: 'CHANGES_GONE' })
    const alone = await read(await open(two), { from }).ended
    expect(alone).to.include({ code: 'CHANGES_GONE', position: from })
    // Its own session is a change as well.
    expect(alone!.oldestZxid).to.be.at.least(gone!.oldestZxid!)
    // Wherever it begins: half of the clients begin at each.
    for (let i = 0; i < 6; i++) {
      const feed = read(await open([one, two]), { from })
      await eventually('all', () => feed.copy.changes.length >= 50)
    }
  })

  it('a reader that is too slow gets CHANGES_SLOW with its position', async () => {
    const served = await bench.serve({ keeper, limits: { changesLagTxnsMax: 50 } })
    const writer = await FeedWriter.open(served.keeper)
    await writer.create('/a')
    const zk = await open(served)
    const feed = zk.changes()
    expect((await feed.next()).value.kind).to.equal('snapshot')
    expect((await feed.next()).value.kind).to.equal('live')
    await writer.set('/a', 'first')
    const { position } = (await feed.next()).value
    for (let i = 0; i < 200; i++) await writer.set('/a', `${i}`)
    let last = position
    const error = await (async () => {
      for await (const record of { [Symbol.asyncIterator]: () => feed }) {
        if (record.kind !== 'snapshot') last = record.position
      }
    })().catch((reason) => reason)
    expect(error).to.include({ name: 'ChangesError', code: 'CHANGES_SLOW', position: last })
    const rest = read(zk, { from: error.position })
    await eventually('the rest', () => rest.copy.zxid === served.keeper.replica.zxid)
  })

  it('a snapshot whose connection ends is gone', async () => {
    const served = await bench.serve({ keeper })
    const writer = await FeedWriter.open(served.keeper)
    await Promise.all(Array.from({ length: 5_000 }, (_, i) => writer.create(`/n${i}`)))
    const feed = (await open(served)).changes()
    expect((await feed.next()).value.kind).to.equal('snapshot')
    for (const { socket } of [...served.proxy.connections]) socket.resetAndDestroy()
    const error = await (async () => {
      for await (const _ of { [Symbol.asyncIterator]: () => feed });
    })().catch((reason) => reason)
    expect(error).to.include({ code: 'CHANGES_GONE', position: undefined })
  })

  it('is refused without the super user, and for options that are not valid', async () => {
    const served = await bench.serve({ keeper })
    const zk = await open(served, '', 'somebody:else')
    expect(await read(zk).ended).to.include({ code: 'ZK_NO_AUTH' })
    expect(await zk.exists('/'), 'its own session lives').to.be.an('object')
    await zk.addAuth('digest', SUPER)
    const allowed = read(zk)
    await live(allowed)
    for (const client of [zk, await onMember(served)]) {
      for (const options of [{ from: 'x' }, { prefix: 'a' }, { limit: 5 }, { withoutData: 1 }]) {
        const { ended } = read(client, options as ChangesOptions)
        expect(await ended, JSON.stringify(options)).to.include({ code: 'ZK_BAD_ARGUMENTS' })
      }
    }
  })

  it('ends with its signal, and with its client', async () => {
    const served = await bench.serve({ keeper })
    for (const zk of [await open(served), await onMember(served)]) {
      const own = new AbortController()
      const [aborted, left] = [read(zk, { signal: own.signal }), read(zk)]
      await live(aborted, left)
      own.abort()
      expect(await aborted.ended).to.equal(undefined)
      await zk.close()
      expect(await left.ended).to.include({ code: 'ZK_SESSION_EXPIRED' })
      expect(await read(zk).ended).to.include({ code: 'ZK_SESSION_EXPIRED' })
    }
    await eventually('no feed is left', () => served.keeper.changeLog.openCount === 0)
    await eventually('no connection is left', () => served.proxy.connections.size === 0)
    expect(served.keeper.replica.sessions.size, 'no session is left').to.equal(0)
  })

  it('keeps its connection while the consumer is busy', async () => {
    // A busy machine may stand still for some tenths of a second.
    const limits = { tickTimeMs: 500, sessionTimeoutMsMin: 2_000, sessionTimeoutMsMax: 2_000 }
    const served = await bench.serve({ keeper, limits })
    const feed = (await open(served)).changes()
    expect((await feed.next()).value.kind).to.equal('snapshot')
    const connections = [...served.proxy.connections]
    expect(connections).to.have.length(2)
    const received = connections[1]!.received
    // For longer than its session lasts without them.
    await eventually('heartbeats', () => connections[1]!.received > received + 3)
    expect((await feed.next()).value.kind).to.equal('live')
    expect([...served.proxy.connections]).to.deep.equal(connections)
    await feed.return!()
  })

  it('feeds a cache', async () => {
    const one = await bench.serve({ keeper })
    const two = await bench.serve({ keeper })
    const writer = await FeedWriter.open(one.keeper)
    await writer.create('/app')
    const zk = await open([two, one], '/app')
    const cache = await Cache.open(zk, { prefix: '/' })
    try {
      await writer.create('/app/a', 'x')
      await eventually('it', () => cache.image.has('/a'))
      await bench.crash(two)
      await writer.set('/app/a', 'y')
      await eventually('its data', () => cache.image.get('/a')?.data?.[0] === 121)
      expect(cache.image.children('/')).to.deep.equal(['a'])
      await writer.delete('/app/a')
      await writer.delete('/app')
      await eventually('its end', () => cache.image.size === 0)
      await zk.close()
      expect(await cache.ended).to.include({ code: 'ZK_SESSION_EXPIRED' })
    } finally {
      await cache.close()
    }
  })

  it('an opcode beside it is as unknown as before', async () => {
    const served = await bench.serve({ keeper })
    for (const op of [CHANGES_OP + 1, CHANGES_OP - 1, 108]) {
      const client = await bench.connect(served)
      const header = Buffer.alloc(8)
      header.writeInt32BE(7)
      header.writeInt32BE(op, 4)
      const reply = await client.sendBody(op, header, 7)
      expect(reply, `${op}`).to.include({ xid: 7, zxid: -1, err: -6 })
      await eventually('it is disconnected', () => client.closed)
    }
  })
})

describe('change feed of Apache ZooKeeper', () => {
  it('is not there', async function () {
    this.timeout(60_000)
    requireOrSkip(this, 'zookeeper-3.9')
    const server = await startZookeeper({ version: '3.9' })
    const zk = await connect(`zk://${server.connectString}`, { digest: SUPER })
    try {
      const { ended } = follow(zk.changes())
      expect(await ended).to.include({ code: 'ZK_UNIMPLEMENTED' })
      expect(await zk.exists('/')).to.be.an('object')
    } finally {
      await zk.close()
      await server.stop()
    }
  })
})
