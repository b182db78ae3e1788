import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { systemClock } from '../../../../lib/base/clock.ts'
import { silentLogger } from '../../../../lib/base/log.ts'
import type { SourceRecord } from '../../../../lib/format/source.ts'
import { connect } from '../../../../lib/index.ts'
import { zookeeperPassword } from '../../../../lib/member/session/zookeeper-password.ts'
import { copyAge } from '../../../../lib/migrate/copy-age.ts'
import { abandonMigration, finishMigration } from '../../../../lib/migrate/end-migration.ts'
import { migrationStatus } from '../../../../lib/migrate/migration-status.ts'
import { takeOver } from '../../../../lib/migrate/take-over.ts'
import { epochOf } from '../../../../lib/model/zxid.ts'
import { eventually } from '../../../support/eventually.ts'
import { mirrorBench } from './mirror-bench.ts'
import { create, ScriptedFeed } from './scripted-source.ts'

const ANNA = 0x1000_0000_0001n
const LATE_MS = 20_000
const logger = silentLogger

describe('migrate/take-over', () => {
  let bench: ReturnType<typeof mirrorBench>

  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  /** Addresses at which nothing listens. */
  const servers = ['127.0.0.1:1']

  /** `statusMs`: between two writes of the status. */
  async function followed(statusMs?: number) {
    const { source } = bench
    source.commit(ANNA, { op: 'createSession', timeoutMs: 10_000 })
    source.commit(ANNA, create('/e', { ephemeralOwner: ANNA }))
    return followedOn(statusMs)
  }

  async function followedOn(statusMs?: number) {
    const { source } = bench
    const follower = bench.follow({ servers, ...(statusMs && { bounds: { statusMs } }) })
    await bench.caughtUp()
    await bench.status('a leader', ({ received, leader }) => {
      return received === source.zxid && leader !== ''
    })
    return follower
  }

  it('makes a standby a proxy, in an epoch 256 above, and ends the follower', async () => {
    const { source } = bench
    const follower = await followed()
    const { keeper } = await bench.bench.open()
    expect(keeper.isServing).to.equal(false)
    expect(keeper.trouble).to.match(/^this is a standby/)
    const refused = await keeper.sessions
      .open(10_000, { reply() {}, event() {}, ended() {} }, [])
      .catch((error: Error) => error)
    expect(refused)
      .to.have.property('message')
      .that.matches(/^this is a standby/)
    source.commit(ANNA, create('/last'))
    source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    const taken = await takeOver({ store: bench.handle(), logger })
    expect(taken.sourceZxid).to.equal(source.zxid)
    expect(epochOf(taken.zxid)).to.equal(epochOf(source.zxid) + 256)
    expect(await follower.ended).to.equal('over')
    await eventually('clients to be served', () => keeper.isServing, LATE_MS)
    expect(keeper.replica.sessions.has(ANNA)).to.equal(true)
    expect(keeper.replica.tree.has('/last')).to.equal(true)
    expect(keeper.upkeep.source.phase).to.equal('taken')
    // The client of the ensemble has the password that ZooKeeper computes.
    const sink = { reply() {}, event() {}, ended() {} }
    const moved = await keeper.sessions.resume(ANNA, zookeeperPassword(ANNA), sink, [])
    expect(moved?.id).to.equal(ANNA)
    const { session, password } = await keeper.sessions.open(10_000, sink, [])
    expect(Buffer.from(password).equals(zookeeperPassword(session.id))).to.equal(true)
    const again = await takeOver({ store: bench.handle(), logger })
    expect(again).to.include({ wasTaken: true, sourceZxid: taken.zxid })
    expect(await finishMigration({ store: bench.own })).to.equal(true)
    expect(await finishMigration({ store: bench.own })).to.equal(false)
    await eventually('random passwords', () => !keeper.upkeep.source.hasWayBack, LATE_MS)
    const after = await keeper.sessions.open(10_000, sink, [])
    const computed = zookeeperPassword(after.session.id)
    expect(Buffer.from(after.password).equals(computed)).to.equal(false)
  })

  it('serves clients in the process of a member that was a standby', async () => {
    await followed()
    const { keeper } = await bench.bench.open()
    bench.source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await takeOver({ store: bench.handle(), logger })
    await eventually('clients to be served', () => keeper.isServing, LATE_MS)
    const client = await connect(keeper)
    await client.create('/mine', Buffer.from('x'))
    expect(keeper.replica.tree.get('/mine')?.czxid).to.be.greaterThan(bench.source.zxid)
    await client.close()
  })

  it('keeps the sessions of clients that have seen nothing since the ensemble elected a leader', async () => {
    const { source } = bench
    await followed()
    const { keeper } = await bench.bench.open()
    const lastZxidSeen = source.zxid
    source.newEpoch()
    source.commit(ANNA, create('/of-the-next-leader'))
    source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await takeOver({ store: bench.handle(), logger })
    await eventually('clients to be served', () => keeper.isServing, LATE_MS)
    const { keeper: later } = await bench.bench.open()
    for (const { replica } of [keeper, later]) {
      expect(replica.isLost(lastZxidSeen)).to.equal(false)
      expect(replica.isLost(source.zxid + 1)).to.equal(true)
    }
    const sink = { reply() {}, event() {}, ended() {} }
    const options = { lastZxidSeen }
    const moved = await keeper.sessions.resume(ANNA, zookeeperPassword(ANNA), sink, [], options)
    expect(moved?.id).to.equal(ANNA)
  })

  it('is refused while a server answers, and carried out if that is allowed', async () => {
    const server = createServer((socket) => socket.end('no word\n')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as { port: number }
      const follower = bench.follow({ servers: [`127.0.0.1:${port}`] })
      bench.source.commit(ANNA, create('/a'))
      await bench.caughtUp()
      await follower.stop()
      const options = { store: bench.own, logger }
      const error = await takeOver(options).catch((reason: Error) => reason)
      expect(error).to.have.property('code', 'MIGRATE_SOURCE_ANSWERS')
      expect(error).to.have.property('message').that.includes(`127.0.0.1:${port} still answers`)
      const { wasTaken } = await takeOver({ ...options, sourceStays: true })
      expect(wasTaken).to.equal(false)
    } finally {
      server.close()
    }
  })

  it('is refused while the follower is still connected', async () => {
    await followed()
    const error = await takeOver({ store: bench.own, logger, drainMs: 300 }).catch(
      (reason: Error) => reason,
    )
    expect(error).to.have.property('code', 'MIGRATE_NOT_DRAINED')
    expect(error).to.have.property('message').that.includes('still connected to zk1:2888')
  })

  it('is refused for a tree that is not the one of the ensemble', async () => {
    const follower = await followed()
    const txn = bench.source.commit(ANNA, create('/y'))
    const wrong = { version: 2, value: 1n }
    bench.source.feed.transactions([{ ...txn, zxid: txn.zxid + 1, ops: [], digest: wrong }])
    await follower.ended
    const error = await takeOver({ store: bench.own, logger }).catch((reason: Error) => reason)
    expect(error).to.have.property('code', 'MIGRATE_DIFFERS')
  })

  it('is refused where the follower ended while the ensemble ran, until one has followed to its end', async () => {
    const take = () => takeOver({ store: bench.handle(), logger }).catch((reason: Error) => reason)
    const first = await followed()
    await first.stop()
    bench.source.commit(ANNA, create('/unseen'))
    const refused = await take()
    expect(refused).to.have.property('code', 'MIGRATE_NOT_DRAINED')
    expect(refused)
      .to.have.property('message')
      .that.matches(/^nobody followed the ensemble to/)
    const second = await followedOn()
    await second.kill()
    await bench.forget()
    expect(await take()).to.have.property('code', 'MIGRATE_NOT_DRAINED')
    // One that does not get in touch with the ensemble proves nothing.
    const feed = new ScriptedFeed(0)
    feed.push({ kind: 'disconnected', why: 'nobody answers' })
    const third = bench.follow({ servers, name: 'third', openFeed: () => feed })
    await bench.status('the third', ({ holder }) => holder === 'third')
    await third.stop()
    expect(await take()).to.have.property('code', 'MIGRATE_NOT_DRAINED')
    const fourth = await followedOn()
    bench.source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await bench.status('no leader', ({ leader }) => leader === '')
    await fourth.stop()
    expect(await take()).to.have.property('sourceZxid', bench.source.zxid)
  })

  it('is refused where what was received is not in the tree, and nobody writes it any more', async () => {
    const follower = await followed()
    bench.source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await bench.status('no leader', ({ leader }) => leader === '')
    await follower.stop()
    // As one that was ended by force leaves it.
    await bench.key.update((record) => record && { ...record, received: record.zxid + 1 })
    const options = { store: bench.own, logger }
    const error = await takeOver(options).catch((reason: Error) => reason)
    expect(error).to.have.property('code', 'MIGRATE_NOT_DRAINED')
    expect(error).to.have.property('message').that.includes('was received, and the tree is at')
    expect((await bench.key.read())?.phase).to.equal('following')
    expect(await takeOver({ ...options, sourceStays: true })).to.include({ wasTaken: false })
  })

  it('is refused where the tree turns out to be another one while it waits', async () => {
    const follower = await followed()
    const taking = takeOver({ store: bench.own, logger }).catch((reason: Error) => reason)
    const { source } = bench
    const wrong = { version: 2, value: 1n }
    const txn = { clientId: ANNA, cxid: 1, zxid: source.zxid + 1, time: 1, type: 0, ops: [] }
    await eventually('the wait', async () => (await bench.key.follower()) !== undefined, LATE_MS)
    source.feed.transactions([{ ...txn, digest: wrong }])
    source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await follower.ended
    expect(await taking).to.have.property('code', 'MIGRATE_DIFFERS')
  })

  it('says how old the copy is, and why the connection to the ensemble ended', async () => {
    await followed()
    bench.source.feed.push({ kind: 'disconnected', why: 'nothing came for 8000 ms' })
    const { currentMs } = await bench.status('the end of the connection', ({ why }) => {
      return why !== undefined
    })
    const { age } = await takeOver({ store: bench.handle(), logger })
    const at = currentMs === undefined ? 'never' : new Date(currentMs).toISOString()
    expect(age).to.include(at)
    expect(age).to.match(/; the connection to it ended: nothing came for 8000 ms$/)
    expect((await takeOver({ store: bench.handle(), logger })).age).to.equal('')
    const clock = { ...systemClock, now: () => 1_700_000_090_400 }
    const record = { currentMs: 1_700_000_000_000 } as SourceRecord
    expect(copyAge(record, clock)).to.equal(
      'the ensemble last said at 2023-11-14T22:13:20.000Z, 90 s ago, that all it had committed was sent',
    )
  })

  it('is not recommended where the follower has not written of itself for a minute, as in a full store', async () => {
    await followed(20)
    const at = async (laterMs: number) => {
      const clock = { ...systemClock, now: () => systemClock.now() + laterMs }
      return (await migrationStatus({ store: bench.own, clock })).sentence
    }
    expect(await at(0)).to.match(/^following: stop all servers/)
    expect(await at(61_000)).to.match(/^test has written nothing of itself for 6\d s/)
  })

  it('is refused where nothing follows', async () => {
    const options = { store: bench.own, logger }
    for (const call of [takeOver(options), finishMigration(options), abandonMigration(options)]) {
      const error = await call.catch((reason: Error) => reason)
      expect(error).to.have.property('code', 'MIGRATE_NOT_FOLLOWING')
    }
  })

  it('is not finished while the tree follows, whatever the record says', async () => {
    const follower = await followed(20)
    await follower.stop()
    await bench.key.update((record) => record && { ...record, phase: 'taken' })
    const early = await finishMigration({ store: bench.own }).catch((reason: Error) => reason)
    expect(early).to.have.property('message').that.includes('is not taken over yet')
    await takeOver({ store: bench.own, logger, sourceStays: true })
    expect(await finishMigration({ store: bench.own })).to.equal(true)
  })

  it('is left out by abandon: the prefix is empty afterwards', async () => {
    const follower = await followed()
    const busy = await abandonMigration({ store: bench.own }).catch((reason: Error) => reason)
    expect(busy).to.have.property('code', 'MIGRATE_BUSY')
    await follower.stop()
    const key = bench.key.layout.follower
    const nameless = { type: 'put', key, value: Buffer.from('?') } as const
    await bench.own.txn({ compares: [], ops: [nameless] })
    const still = await abandonMigration({ store: bench.own }).catch((reason: Error) => reason)
    expect(still).to.have.property(
      'message',
      'a process without a name follows the ensemble: end it first',
    )
    await bench.own.txn({ compares: [], ops: [{ type: 'delete', key }] })
    await abandonMigration({ store: bench.own })
    const all = { start: Buffer.from('/anykeeper/'), end: Buffer.from('/anykeeper0') }
    const { kvs } = await bench.own.range(all)
    expect(kvs.map(({ key }) => Buffer.from(key).toString())).to.deep.equal([])
  })
})
