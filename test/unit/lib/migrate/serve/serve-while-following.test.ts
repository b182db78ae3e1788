/** A member that serves clients while a played leader decides, and a played ensemble follows it into the store. */
import { expect } from 'chai'
import { silentLogger } from '../../../../../lib/base/log.ts'
import type { Keeper, KeeperLimits } from '../../../../../lib/index.ts'
import type { EndReason, Session, SessionSink } from '../../../../../lib/internal.ts'
import { zookeeperPassword } from '../../../../../lib/member/session/zookeeper-password.ts'
import { serveWhileFollowing } from '../../../../../lib/migrate/serve/zookeeper-upstream.ts'
import { takeOver } from '../../../../../lib/migrate/take-over.ts'
import { OPEN_ACL } from '../../../../../lib/model/acl.ts'
import { OP, type WriteRequest } from '../../../../../lib/model/request.ts'
import { epochOf } from '../../../../../lib/model/zxid.ts'
import type { TxnOp } from '../../../../../lib/transfer/zookeeper/txn.ts'
import { eventually } from '../../../../support/eventually.ts'
import { mirrorBench } from '../mirror-bench.ts'
import { create } from '../scripted-source.ts'
import { PlayedLeader } from './played-leader.ts'

const LATE_MS = 20_000
const ANNA = 0x1000_0000_0001n

class Sink implements SessionSink {
  /** What was answered: `tag errno` or `tag type`, and events as their paths. */
  readonly seen: string[] = []
  readonly zxids: number[] = []
  reason: EndReason | undefined
  reply: SessionSink['reply'] = (tag, _request, zxid, errno, result) => {
    this.seen.push(`${tag} ${errno === 0 ? result.type : errno}`)
    this.zxids.push(zxid)
  }
  event: SessionSink['event'] = (_type, path) => void this.seen.push(path)
  ended: SessionSink['ended'] = (reason) => {
    this.reason = reason
  }
  until = (what: string, count: number) =>
    eventually(what, () => this.seen.length >= count, LATE_MS)
}

const write = (path: string): WriteRequest => ({
  ...{ type: 'create', op: OP.create, path, data: '', acl: OPEN_ACL, flags: 0, ttlMs: 0 },
})

describe('migrate: serving while following', () => {
  let bench: ReturnType<typeof mirrorBench>
  let leader: PlayedLeader
  let keeper: Keeper

  beforeEach(async () => {
    bench = mirrorBench()
    leader = await PlayedLeader.start(() => epochOf(bench.source.zxid))
    bench.source.commit(ANNA, create('/a'))
    // Nobody answers there: its quorum address is known.
    bench.follow({ servers: ['127.0.0.1:1'], quorum: [leader.address] })
    await bench.caughtUp()
  })
  afterEach(async () => {
    await bench.close()
    leader.stop()
  })

  async function serve(limits: Partial<KeeperLimits> = {}): Promise<void> {
    const opened = await bench.bench.open(limits, { upstream: serveWhileFollowing() })
    keeper = opened.keeper
    await eventually('clients served', () => keeper.isServing, LATE_MS)
  }

  /** Committed by the ensemble, first seen by the observer. */
  function answer(session: bigint, cxid: number, ...ops: TxnOp[]): void {
    const [op] = ops
    const txn = bench.source.answer(session, cxid, ...ops)
    leader.inform(txn, op?.op === 'error' ? op.err : 0)
  }

  async function open(): Promise<{ session: Session; sink: Sink }> {
    const sink = new Sink()
    const at = leader.requests.length
    const opening = keeper.sessions.open(8_000, sink, [{ scheme: 'ip', id: '127.0.0.1' }])
    const { session: id, op } = await leader.request(at)
    expect(op).to.equal(OP.createSession)
    answer(id, 0, { op: 'createSession', timeoutMs: 8_000 })
    const { session, password } = await opening
    expect(session.id).to.equal(id)
    expect(Buffer.from(password)).to.deep.equal(zookeeperPassword(id))
    // The number of the server is in the top byte, as in all of the ensemble.
    expect(Number(BigInt.asUintN(8, id >> 56n))).to.equal(leader.sids.at(-1))
    return { session, sink }
  }

  it('answers in the order of the session, once the tree has it, with the leader’s error', async () => {
    await serve()
    const { session, sink } = await open()
    session.write(write('/b'), 1)
    session.write(write('/b'), 2)
    session.read({ type: 'getData', path: '/b', watch: false }, 3)
    session.write({ type: 'fail', errno: -123, instead: 'reconfig' }, 4)
    session.write({ type: 'sync', path: '/' }, 5)
    const first = await leader.request(1)
    expect(first).to.deep.include({ session: session.id, cxid: 1, op: OP.create })
    expect(first.ids).to.deep.equal(['ip:127.0.0.1'])
    const sync = await leader.request(3)
    expect(sync).to.deep.include({ cxid: 5, op: OP.sync })
    // The leader says that it is done, and the store does not have it yet.
    const { source } = bench
    const held = source.feeds.splice(0)
    answer(session.id, 1, create('/b'))
    answer(session.id, 2, { op: 'error', err: -110 })
    leader.sync()
    await eventually('the news', () => (keeper.upstream?.lagMs ?? 0) > 0, LATE_MS)
    expect(sink.seen).to.deep.equal([])
    source.feeds.push(...held)
    source.feed.transactions(source.log.slice(-2))
    await sink.until('five answers', 5)
    expect(sink.seen).to.deep.equal(['1 path', '2 -110', '3 data', '4 -123', '5 path'])
    expect(sink.zxids).to.deep.equal([...sink.zxids].sort((a, b) => a - b))
    expect(keeper.upstream?.counters).to.include({ forwarded: 4, lost: 0 })
  })

  it('answers each of several requests with one number', async () => {
    await serve()
    const { session, sink } = await open()
    for (const _ of [1, 2, 3]) session.write(write('/b'), 7)
    await leader.request(3)
    const held = bench.source.feeds.splice(0)
    answer(session.id, 7, create('/b'))
    answer(session.id, 7, { op: 'error', err: -110 })
    answer(session.id, 7, { op: 'error', err: -110 })
    bench.source.feeds.push(...held)
    bench.source.feed.transactions(bench.source.log.slice(-3))
    await sink.until('three answers', 3)
    expect(sink.seen).to.deep.equal(['7 path', '7 -110', '7 -110'])
  })

  it('a request longer than the ensemble takes ends its client, and is not sent', async () => {
    await serve()
    const { session, sink } = await open()
    const other = await open()
    session.write({ type: 'setData', path: '/a', data: 'x'.repeat(0xfffff), version: -1 }, 1)
    await eventually('the end', () => sink.reason !== undefined, LATE_MS)
    other.session.write(write('/b'), 1)
    expect(await leader.request(2)).to.deep.include({ session: other.session.id, op: OP.create })
    expect(keeper.upstream?.counters).to.include({ tooLong: 1, lost: 0, disconnects: 0 })
  })

  it('what 3.4 alone accepts reaches the leader as what no release accepts', async () => {
    await serve()
    const { session } = await open()
    session.write(write('/a\x7f'), 1)
    session.write({ type: 'multi', ops: [write('/ok'), write('/\uf8ff')] as never }, 2)
    session.write(write('/sequence/'), 3)
    const [single, multi, sequence] = [1, 2, 3].map((at) => leader.request(at))
    expect((await single)!.body.subarray(0, 4)).to.deep.equal(Buffer.alloc(4))
    expect((await multi)!.body.toString('latin1'))
      .to.include('/ok')
      .and.not.include('\xef\xa3\xbf')
    expect((await sequence)!.body.toString()).to.include('/sequence/')
  })

  it('forwards a guarded change without its guards, which no leader knows, and answers as for the change itself', async () => {
    await serve()
    const { session, sink } = await open()
    const guards = [{ path: '/', czxid: 0 }]
    const request = write('/b') as WriteRequest & { readonly type: 'create' }
    session.write({ type: 'guarded', guards, request }, 1)
    expect(await leader.request(1)).to.deep.include({ session: session.id, op: OP.create })
    answer(session.id, 1, create('/b'))
    await sink.until('the answer', 1)
    expect(sink.seen).to.deep.equal(['1 path'])
  })

  it('answers a read behind a sync with the zxid of what it shows', async () => {
    await serve()
    const { session, sink } = await open()
    session.write({ type: 'sync', path: '/' }, 1)
    session.read({ type: 'exists', path: '/c', watch: false }, 2)
    session.write(write('/b'), 3)
    await leader.request(2)
    const { source } = bench
    const held = source.feeds.splice(0)
    // The last two come in one batch, behind that of the first, and the sync is answered between them.
    answer(ANNA, 8, create('/first'))
    answer(ANNA, 9, create('/c'))
    leader.sync()
    answer(session.id, 3, create('/b'))
    await eventually('the news', () => (keeper.upstream?.lagMs ?? 0) > 0, LATE_MS)
    source.feeds.push(...held)
    source.feed.transactions(source.log.slice(-3))
    await sink.until('three answers', 3)
    expect(sink.seen).to.deep.equal(['1 path', '2 stat', '3 path'])
    const { zxid } = source
    expect(sink.zxids).to.deep.equal([zxid - 1, zxid - 1, zxid])
  })

  it('sends events before the reply that shows the change', async () => {
    await serve()
    const { session, sink } = await open()
    session.read({ type: 'exists', path: '/b', watch: true }, 1)
    session.write(write('/b'), 2)
    await leader.request(1)
    answer(session.id, 2, create('/b'))
    await sink.until('event and answers', 3)
    expect(sink.seen).to.deep.equal(['1 -101', '/b', '2 path'])
  })

  it('sends nothing that a leader cannot read', async () => {
    await serve()
    const { session, sink } = await open()
    session.write({ type: 'fail', errno: -5 }, 1)
    const { op, body } = await leader.request(1)
    // An empty path, no data, any version: it fails everywhere.
    expect({ op, body: body.toString('hex') }).to.deep.equal({
      op: OP.setData,
      body: '0000000000000000ffffffff',
    })
    answer(session.id, 1, { op: 'error', err: -8 })
    await sink.until('the answer', 1)
    expect(sink.seen).to.deep.equal(['1 -5'])
  })

  it('sends a leader of 3.4 nothing that it does not know', async () => {
    leader.config = ''
    await serve()
    const { session, sink } = await open()
    session.write({ ...write('/b'), op: OP.create2 } as WriteRequest, 1)
    session.write(write('/b'), 2)
    expect(await leader.request(1)).to.deep.include({ op: OP.create, cxid: 2 })
    answer(session.id, 2, create('/b'))
    await sink.until('both answers', 2)
    expect(sink.seen).to.deep.equal(['1 -6', '2 path'])
  })

  it('disconnects those whose outcome nobody knows, and sends nothing twice', async () => {
    await serve()
    const { session, sink } = await open()
    session.write(write('/b'), 1)
    await leader.request(1)
    leader.hangUp()
    await eventually('the end of the connection', () => sink.reason !== undefined, LATE_MS)
    expect(sink).to.deep.include({ reason: 'suspended', seen: [] })
    expect(keeper.isServing).to.equal(false)
    await eventually('clients served again', () => keeper.isServing, LATE_MS)
    expect(leader.requests).to.have.length(2)
    expect(keeper.upstream?.counters).to.include({ lost: 1, disconnects: 1 })
  })

  it('moves a session here if the leader says that it lives, and touches it', async () => {
    await serve()
    bench.source.commit(ANNA, { op: 'createSession', timeoutMs: 8_000 })
    const sink = new Sink()
    const wrong = await keeper.sessions.resume(ANNA, Buffer.alloc(16), sink, [])
    expect(wrong).to.equal(undefined)
    expect(leader.revalidations).to.deep.equal([])
    const password = zookeeperPassword(ANNA)
    await eventually('the session', () => keeper.replica.sessions.has(ANNA), LATE_MS)
    for (const isValid of [false, true]) {
      const resuming = keeper.sessions.resume(ANNA, password, sink, [])
      const count = isValid ? 2 : 1
      await eventually('a question', () => leader.revalidations.length === count, LATE_MS)
      leader.revalidated(ANNA, isValid)
      const session = await resuming
      expect(session?.id).to.equal(isValid ? ANNA : undefined)
      if (session !== undefined) keeper.sessions.touch(session)
    }
    leader.ping()
    await eventually('its touch', () => leader.touched.includes(ANNA), LATE_MS)
  })

  it('attends to a session that comes again before its connection has ended', async () => {
    await serve()
    const { session, sink } = await open()
    sink.ended = (reason) => {
      sink.reason = reason
      keeper.sessions.detach(session)
    }
    const resuming = keeper.sessions.resume(
      ...([session.id, zookeeperPassword(session.id), new Sink(), []] as const),
    )
    await eventually('a question', () => leader.revalidations.length === 1, LATE_MS)
    leader.revalidated(session.id, true)
    const again = await resuming
    expect(sink.reason).to.equal('moved')
    expect([...keeper.sessions.connections()]).to.deep.equal([again])
    leader.ping()
    keeper.sessions.touch(again!)
    leader.ping()
    await eventually('its touch', () => leader.touched.includes(session.id), LATE_MS)
  })

  it('serves nobody from a tree that stays behind the ensemble', async () => {
    await serve({ sourceLagMsMax: 300 })
    const { sink } = await open()
    bench.source.feeds.length = 0
    answer(ANNA, 7, create('/never'))
    await eventually('the end of the connection', () => sink.reason !== undefined, LATE_MS)
    expect(keeper.trouble).to.match(/ms behind the ensemble: is anykeeper migrate follow running/)
    expect(keeper.upstream?.counters).to.include({ lagged: 1 })
  })

  it('disconnects a client that the leader does not answer', async () => {
    await serve({ forwardMsMax: 300 })
    const { session, sink } = await open()
    session.write(write('/b'), 1)
    await eventually('the end of the connection', () => sink.reason !== undefined, LATE_MS)
    expect(keeper.upstream?.counters).to.include({ lost: 1 })
    expect(keeper.isServing).to.equal(true)
  })

  it('hands its sessions over at the take-over, and commits what was held', async () => {
    await serve()
    const { session, sink } = await open()
    session.write(write('/b'), 1)
    await leader.request(1)
    const taking = takeOver({ store: bench.own, logger: silentLogger })
    await eventually('the freeze', isFrozen, LATE_MS)
    session.write(write('/c'), 2)
    expect(keeper.upstream?.holding).to.equal(1)
    answer(session.id, 1, create('/b'))
    // The leader is requested how far it is, once all is answered.
    const sync = await leader.request(2)
    expect(sync).to.deep.include({ session: 0n, op: OP.sync })
    leader.sync()
    const { wasTaken } = await taking
    expect(wasTaken).to.equal(false)
    await sink.until('both answers', 2)
    expect(sink.seen).to.deep.equal(['1 path', '2 path'])
    expect(sink.reason).to.equal(undefined)
    expect(keeper.upstream?.isActive).to.equal(false)
    expect(keeper.replica.sessions.get(session.id)).to.include({ owner: keeper.proxy, fence: 1 })
    // What it writes now is its own.
    session.write(write('/d'), 3)
    await sink.until('the next answer', 3)
    expect(leader.requests).to.have.length(3)
    expect(keeper.upstream?.counters).to.include({ held: 1, heldTooLong: 0, lost: 0 })
  })

  const isFrozen = (): boolean => keeper.upstream?.isHolding === true

  it('forwards again when the take-over comes to nothing', async () => {
    await serve()
    const { session, sink } = await open()
    await bench.key.update((record) => record && { ...record, freeze: 'once' })
    await eventually('the freeze', isFrozen, LATE_MS)
    session.write(write('/b'), 1)
    await bench.key.update((record) => record && { ...record, freeze: '' })
    await eventually('the thaw', () => !isFrozen(), LATE_MS)
    const requests = await Promise.all([1, 2].map((at) => leader.request(at)))
    expect(requests.map(({ op }) => op)).to.include(OP.create)
    leader.sync()
    answer(session.id, 1, create('/b'))
    await sink.until('the answer', 1)
    expect(sink.seen).to.deep.equal(['1 path'])
  })

  it('claims no server id that a member has', async () => {
    leader.config = Array.from({ length: 125 }, (_, at) => `server.${at + 129}=h:1:2`).join('\n')
    const { keeper: refused } = await bench.bench.open({}, { upstream: serveWhileFollowing() })
    await eventually('another id', () => leader.sids.length > 1, LATE_MS)
    expect(refused.isServing).to.equal(false)
    expect(refused.trouble).to.match(/a member has the server id \d+/)
  })

  it('keeps what clients have seen when another leader begins an epoch', async () => {
    await serve()
    const before = keeper.replica.zxid
    bench.source.newEpoch()
    bench.source.commit(ANNA, create('/next'))
    await eventually('the next epoch', () => keeper.replica.tree.has('/next'), LATE_MS)
    expect(keeper.replica.isLost(before)).to.equal(false)
  })
})
