import { expect } from 'chai'
import { silentLogger } from '../../../../lib/base/log.ts'
import { decodeHead, encodeHead } from '../../../../lib/format/head.ts'
import { type Keeper, Layout, repairTree, StoreError } from '../../../../lib/internal.ts'
import { SourceKey } from '../../../../lib/migrate/source-key.ts'
import { takeOver } from '../../../../lib/migrate/take-over.ts'
import { emptyMirror } from '../../../../lib/transfer/empty-mirror.ts'
import { eventually } from '../../../support/eventually.ts'
import { mirrorBench } from './mirror-bench.ts'
import { create } from './scripted-source.ts'

const ANNA = 0x1000_0000_0001n
const LATE_MS = 20_000

describe('migrate: members on a tree that follows', () => {
  let bench: ReturnType<typeof mirrorBench>

  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  const isAt = (keeper: Keeper, zxid: number) =>
    eventually('the standby to be there', () => keeper.replica.zxid === zxid, LATE_MS)

  it('are not of versions that know nothing of it: head has a format of its own', () => {
    const head = { zxid: 1, seq: 1, flushed: 1 }
    expect(Buffer.from(encodeHead(head)).toString()).to.match(/^{"f":1,/)
    const mirror = encodeHead({ ...head, mirrors: true })
    expect(Buffer.from(mirror).toString()).to.match(/^{"f":2,/)
    expect(decodeHead(mirror)).to.deep.equal({ ...head, mirrors: true })
    const newer = Buffer.from(Buffer.from(mirror).toString().replace('"f":2', '"f":3'))
    expect(() => decodeHead(newer)).to.throw(StoreError, 'head has format 3')
  })

  it('follow, write no client’s request, end no session, and load again what is copied again', async () => {
    const { source } = bench
    source.commit(ANNA, { op: 'createSession', timeoutMs: 100 })
    source.commit(ANNA, create('/e', { ephemeralOwner: ANNA }))
    const follower = bench.follow()
    await bench.caughtUp()
    const { keeper } = await bench.bench.open({ sessionTimeoutMsMin: 100, tickTimeMs: 50 })
    source.commit(ANNA, create('/a'))
    await isAt(keeper, source.zxid)
    await follower.stop()
    source.keeps = 0
    source.lose(1)
    source.commit(ANNA, create('/b'))
    source.commit(ANNA, create('/c'))
    bench.follow()
    await eventually('the other tree', () => keeper.replica.tree.has('/c'), LATE_MS)
    expect(keeper.replica.tree.has('/a')).to.equal(false)
    expect(keeper.replica.zxid).to.equal(source.zxid)
    source.commit(ANNA, create('/d'))
    await isAt(keeper, source.zxid)
    // Its session has long been silent, and belongs to the ensemble.
    expect(keeper.replica.sessions.has(ANNA)).to.equal(true)
    expect(keeper.historyLossCount).to.equal(0)
    expect(await bench.lines()).to.equal(source.lines())
  })

  it('also where nothing was committed before it is copied again', async () => {
    const { source } = bench
    source.commit(ANNA, create('/a'))
    const follower = bench.follow()
    await bench.caughtUp()
    const { keeper } = await bench.bench.open()
    await follower.stop()
    source.lose(1)
    source.commit(ANNA, create('/other'))
    source.keeps = -1
    const again = bench.follow()
    await eventually('the copy', async () => (await bench.key.read())?.resyncs === 1, LATE_MS)
    source.commit(ANNA, create('/d'))
    await eventually('the other tree', () => keeper.replica.tree.has('/d'), LATE_MS)
    expect(keeper.replica.tree.has('/other')).to.equal(true)
    expect(keeper.replica.tree.has('/a')).to.equal(false)
    await again.stop()
  })

  it('wait while the tree is being copied', async () => {
    const { source } = bench
    source.commit(ANNA, create('/a'))
    const follower = bench.follow()
    await bench.caughtUp()
    await follower.stop()
    await emptyMirror({ store: bench.own, prefix: '/anykeeper' })
    const error = await bench.bench.open().catch((reason: Error) => reason)
    expect(error).to.be.instanceOf(StoreError).and.have.property('retriable', true)
    expect(error).to.have.property('message').that.includes('is being copied')
    bench.follow()
    await bench.caughtUp()
    const { keeper } = await bench.bench.open()
    expect(keeper.replica.tree.has('/a')).to.equal(true)
  })

  it('are not what repair makes of it: it is copied again instead', async () => {
    const { source } = bench
    source.commit(ANNA, create('/a'))
    const follower = bench.follow()
    await bench.caughtUp()
    await follower.stop()
    const key = new Layout('/anykeeper').znode('/a')
    await bench.own.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from('x') }] })
    const repaired = repairTree({ store: bench.own, save: () => {}, force: true })
    const error = await repaired.catch((reason: Error) => reason)
    expect(error).to.have.property('code', 'COPY_CONFLICT')
    expect(error).to.have.property('message').that.includes('follows a ZooKeeper ensemble')
  })

  it('take their word from the journal, not from the record of the source', async () => {
    const { source } = bench
    source.commit(ANNA, create('/a'))
    const follower = bench.follow({ servers: ['127.0.0.1:1'] })
    await bench.caughtUp()
    await follower.stop()
    const { keeper } = await bench.bench.open()
    await takeOver({ store: bench.own, logger: silentLogger, sourceStays: true })
    // As if that process had ended before it wrote it.
    await new SourceKey({ store: bench.own }).update((now) => now && { ...now, phase: 'following' })
    await eventually('clients to be served', () => keeper.isServing, LATE_MS)
    const { keeper: later } = await bench.bench.open()
    expect(later.upkeep.source.phase).to.equal('taken')
    expect(later.isServing).to.equal(true)
    const error = await bench.follow().ended
    expect(error).to.have.property('code', 'MIGRATE_NOT_FOLLOWING')
  })
})
