/** A take-over that ends in the middle, and proxies that do: who waits, who continues, and what is refused. */
import { expect } from 'chai'
import { silentLogger } from '../../../../../lib/base/log.ts'
import type { Keeper, MetadataStore } from '../../../../../lib/index.ts'
import type { EndReason, SessionSink } from '../../../../../lib/internal.ts'
import { zookeeperPassword } from '../../../../../lib/member/session/zookeeper-password.ts'
import { serveWhileFollowing } from '../../../../../lib/migrate/serve/zookeeper-upstream.ts'
import { takeOver } from '../../../../../lib/migrate/take-over.ts'
import { epochOf } from '../../../../../lib/model/zxid.ts'
import { eventually } from '../../../../support/eventually.ts'
import { mirrorBench } from '../mirror-bench.ts'
import { create } from '../scripted-source.ts'
import { PlayedLeader } from './played-leader.ts'

/** Before a proxy would forward again by itself. */
const LATE_MS = 20_000
const ANNA = 0x1000_0000_0001n
const logger = silentLogger

function sink(): SessionSink & { reason: EndReason | undefined } {
  return {
    reason: undefined,
    reply() {},
    event() {},
    ended(reason) {
      this.reason = reason
    },
  }
}

describe('migrate: a take-over that breaks off', () => {
  let bench: ReturnType<typeof mirrorBench>
  let leader: PlayedLeader

  beforeEach(async () => {
    bench = mirrorBench()
    leader = await PlayedLeader.start(() => epochOf(bench.source.zxid))
    bench.source.commit(ANNA, { op: 'createSession', timeoutMs: 8_000 })
    bench.source.commit(ANNA, create('/a'))
  })
  afterEach(async () => {
    await bench.close()
    leader.stop()
  })

  function follow() {
    return bench.follow({ servers: ['127.0.0.1:1'], quorum: [leader.address] })
  }

  async function serve(): Promise<Keeper> {
    const { keeper } = await bench.bench.open({}, { upstream: serveWhileFollowing() })
    await eventually('clients served', () => keeper.isServing, LATE_MS)
    return keeper
  }

  const isHolding = (keeper: Keeper) => () => keeper.upstream?.isHolding === true

  /** As SIGKILL of the command in front of its write number `at` of those that `is` knows. */
  function dying(at: number, is: (key: string) => boolean): MetadataStore {
    const store = bench.handle()
    const { txn } = store
    let left = at
    store.txn = async (request) => {
      const isIt = request.ops.some((op) => 'key' in op && is(Buffer.from(op.key).toString()))
      // Nothing that it sends from now on is sent.
      if (isIt && --left < 0) await store.close()
      return txn.call(store, request)
    }
    return store
  }
  const ofSource = (key: string): boolean => key === '/anykeeper/source'
  const ofHead = (key: string): boolean => key === '/anykeeper/head'

  it('is finished by the next one, where the tree was taken over already', async () => {
    follow()
    await bench.caughtUp()
    const keeper = await serve()
    const dead = takeOver({ store: dying(1, ofSource), logger }).catch((error: Error) => error)
    await eventually('the question of the proxy', () => leader.requests.length > 0, LATE_MS)
    leader.sync()
    expect(await dead).to.be.an('error')
    await eventually('sessions of our own', () => keeper.upstream?.isActive === false, LATE_MS)
    expect((await bench.key.read())?.phase).to.equal('following')
    const taken = await takeOver({ store: bench.handle(), logger })
    expect(taken).to.deep.include({ wasTaken: true, znodes: keeper.replica.tree.nodeCount })
    const record = await bench.key.read()
    expect(record).to.include({ phase: 'taken', zxid: keeper.replica.zxid })
    expect(record).to.not.have.property('freeze')
  })

  it('lets the proxies forward again when it dies, long before their clients have waited too long', async () => {
    follow()
    await bench.caughtUp()
    const keeper = await serve()
    const dead = takeOver({ store: dying(0, ofHead), logger }).catch((error: Error) => error)
    await eventually('the question of the proxy', () => leader.requests.length > 0, LATE_MS)
    leader.sync()
    expect(await dead).to.be.an('error')
    expect(isHolding(keeper)()).to.equal(true)
    await eventually('the thaw', () => !isHolding(keeper)(), LATE_MS)
    expect(keeper.isServing).to.equal(true)
  }).timeout(40_000)

  it('does not hold a proxy that starts behind it', async () => {
    follow()
    await bench.caughtUp()
    await bench.key.update((record) => record && { ...record, freeze: 'gone' })
    const keeper = await serve()
    await eventually('the thaw', () => !isHolding(keeper)(), LATE_MS)
  })

  it('is refused at once while nobody follows, and no client waits for it', async () => {
    const follower = follow()
    await bench.caughtUp()
    const keeper = await serve()
    await follower.stop()
    const refused = await takeOver({ store: bench.handle(), logger }).catch((e: Error) => e)
    expect(refused).to.have.property('code', 'MIGRATE_NOT_DRAINED')
    expect(refused)
      .to.have.property('message')
      .that.matches(/anykeeper migrate follow/)
    expect(keeper.upstream?.counters.held).to.equal(0)
    expect((await bench.key.read())?.freeze).to.equal(undefined)
  })

  it('is refused where no proxy has a leader and nobody followed the ensemble to its end', async () => {
    const follower = follow()
    await bench.caughtUp()
    await serve()
    await bench.status('a leader', (record) => record.leader !== '')
    await follower.kill()
    bench.source.commit(ANNA, create('/unseen'))
    leader.stop()
    const refused = await takeOver({ store: bench.handle(), logger }).catch((e: Error) => e)
    expect(refused).to.have.property('code', 'MIGRATE_NOT_DRAINED')
    expect((await bench.key.read())?.phase).to.equal('following')
  })

  it('lets a session move to a proxy that waits', async () => {
    follow()
    await bench.caughtUp()
    const keeper = await serve()
    await eventually('the session', () => keeper.replica.sessions.has(ANNA), LATE_MS)
    const taking = takeOver({ store: bench.handle(), logger })
    await eventually('the question of the proxy', () => leader.requests.length > 0, LATE_MS)
    const ours = sink()
    const resuming = keeper.sessions.resume(ANNA, zookeeperPassword(ANNA), ours, [])
    await eventually('a question', () => leader.revalidations.length === 1, LATE_MS)
    leader.revalidated(ANNA, true)
    expect((await resuming)?.id).to.equal(ANNA)
    leader.sync()
    await taking
    await eventually('sessions of our own', () => keeper.upstream?.isActive === false, LATE_MS)
    expect(ours.reason).to.equal(undefined)
    expect(keeper.replica.sessions.get(ANNA)).to.include({ owner: keeper.proxy, fence: 1 })
  })

  it('leaves a session to the proxy to which it moved meanwhile', async () => {
    follow()
    await bench.caughtUp()
    const keeper = await serve()
    await eventually('the session', () => keeper.replica.sessions.has(ANNA), LATE_MS)
    const [ours, theirs] = [sink(), sink()]
    const resuming = keeper.sessions.resume(ANNA, zookeeperPassword(ANNA), ours, [])
    await eventually('a question', () => leader.revalidations.length === 1, LATE_MS)
    leader.revalidated(ANNA, true)
    await resuming
    const taking = takeOver({ store: bench.handle(), logger })
    const { keeper: other } = await bench.bench.open()
    // Its client is there before we claim it.
    const claim = keeper.committer.submit.bind(keeper.committer)
    const claims: (() => void)[] = []
    keeper.committer.submit = (task) => void claims.push(() => claim(task))
    await eventually('the question of the proxy', () => leader.requests.length > 0, LATE_MS)
    leader.sync()
    await taking
    await eventually('a claim', () => claims.length > 0, LATE_MS)
    await eventually('a member that serves', () => other.isServing, LATE_MS)
    const moved = await other.sessions.resume(ANNA, zookeeperPassword(ANNA), theirs, [])
    expect(moved?.id).to.equal(ANNA)
    for (const submit of claims) submit()
    await eventually('claims answered', () => keeper.upstream?.isActive === false, LATE_MS)
    expect(ours.reason).to.not.equal(undefined)
    await other.sync()
    expect(theirs.reason).to.equal(undefined)
    expect(other.replica.sessions.get(ANNA)).to.include({ owner: other.proxy })
  })
})
