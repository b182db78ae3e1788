import { expect } from 'chai'
import type { KnownTxn } from '../../../../lib/migrate/known-txn.ts'
import { MigrateError } from '../../../../lib/migrate/migrate-error.ts'
import type { MirrorOptions } from '../../../../lib/migrate/mirror.ts'
import { READ_ACL } from '../../../../lib/model/acl.ts'
import { CONTAINER_OWNER, TTL_OWNER } from '../../../../lib/transfer/zookeeper/txn.ts'
import { eventually } from '../../../support/eventually.ts'
import { faultyStore } from '../../../support/faulty-store.ts'
import { mirrorBench } from './mirror-bench.ts'
import { create, type ScriptedSource } from './scripted-source.ts'

const ANNA = 0x1000_0000_0001n
const BERT = 0x1000_0000_0002n
/** Of a server of id 200: below zero. */
const HIGH = BigInt.asIntN(64, 0xc800_0000_0000_0001n)

/** One of each kind. */
function play(source: ScriptedSource): void {
  source.commit(ANNA, { op: 'createSession', timeoutMs: 10_000 })
  source.commit(HIGH, { op: 'createSession', timeoutMs: 30_000 })
  source.commit(ANNA, create('/app', { data: 'one' }))
  source.commit(ANNA, create('/app/e', { ephemeralOwner: ANNA }))
  source.commit(ANNA, { op: 'setData', path: '/app', data: 'two', version: 1 })
  source.commit(ANNA, { op: 'error', err: -101 })
  source.commit(ANNA, { op: 'setACL', path: '/app', acl: READ_ACL, version: 1 })
  source.commit(ANNA)
  source.commit(ANNA, create('/app/gone', { parentCVersion: 7 }))
  source.commit(ANNA, { op: 'delete', path: '/app/gone' })
  source.commit(ANNA, create('/box', { ephemeralOwner: CONTAINER_OWNER }))
  source.commit(ANNA, create('/short', { ephemeralOwner: TTL_OWNER + 5_000n }))
  source.commit(HIGH, create('/of-high', { ephemeralOwner: HIGH, data: null }))
  source.commit(
    ANNA,
    { op: 'check', path: '/app', version: 1 },
    create('/multi'),
    create('/multi/a'),
    { op: 'setData', path: '/multi', data: 'm', version: 1 },
    { op: 'delete', path: '/multi/a' },
  )
  source.commit(0n, {
    ...{ op: 'setData', path: '/zookeeper/config', version: 1 },
    data: 'server.2=zk2:2888:3888;2181',
  })
}

const LATE_MS = 20_000

describe('migrate/mirror', () => {
  let bench: ReturnType<typeof mirrorBench>

  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  it('copies the tree, then commits each transaction with its zxid, time and session', async () => {
    const { source } = bench
    play(source)
    bench.follow()
    await bench.caughtUp()
    expect(await bench.lines()).to.equal(source.lines())
    source.commit(BERT, { op: 'createSession', timeoutMs: 4_000 })
    source.commit(BERT, create('/app/b', { ephemeralOwner: BERT }))
    source.commit(BERT, create('/app/c', { ephemeralOwner: BERT }))
    source.commit(BERT, create('/late'))
    source.commit(BERT, { op: 'setData', path: '/app', data: 'three', version: 2 })
    source.newEpoch()
    source.commit(BERT, { op: 'delete', path: '/late' })
    source.commit(BERT, { op: 'closeSession', paths: ['/app/b', '/app/c'] })
    // As 3.5 and before say it, and once more for a session that has ended.
    source.commit(HIGH, { op: 'closeSession', paths: undefined })
    source.commit(HIGH, { op: 'closeSession', paths: undefined })
    await bench.caughtUp()
    expect(await bench.lines()).to.equal(source.lines())
    const { digest } = await bench.status('a digest', (record) => record.digest === 'equal')
    expect(digest).to.equal('equal')
  })

  it('begun again, it knows the newest transaction by its time, and the one before it', async () => {
    const { source } = bench
    const known: (KnownTxn | undefined)[] = []
    const openFeed: MirrorOptions['openFeed'] = (from, newest) => {
      known.push(newest)
      return source.openFeed(from)
    }
    const begun = async (): Promise<void> => {
      const { length } = known
      const follower = bench.follow({ openFeed })
      await eventually('a feed', () => known.length > length, LATE_MS)
      await bench.caughtUp()
      await follower.stop()
    }
    play(source)
    source.commit(ANNA, create('/shows'))
    await begun()
    const copied = source.log.at(-1)
    await begun()
    source.commit(ANNA, { op: 'delete', path: '/shows' })
    source.newEpoch()
    const before = source.log.at(-1)
    const alone = source.commit(ANNA)
    await begun()
    await begun()
    const [first, second] = [source.commit(ANNA), source.commit(ANNA)]
    await begun()
    await begun()
    expect(known).to.deep.equal([
      undefined,
      // Its znode has it.
      { zxid: copied?.zxid, time: copied?.time, before: 0 },
      { zxid: copied?.zxid, time: copied?.time, before: 0 },
      { zxid: alone.zxid, time: alone.time, before: before?.zxid },
      { zxid: alone.zxid, time: alone.time, before: before?.zxid },
      { zxid: second.zxid, time: second.time, before: first.zxid },
    ])
  })

  it('follows each kind of transaction behind an empty tree, too', async () => {
    const { source } = bench
    source.commit(ANNA, create('/first'))
    bench.follow()
    await bench.caughtUp()
    play(source)
    await bench.caughtUp()
    expect(await bench.lines()).to.equal(source.lines())
    await bench.status('a digest', ({ digest, zxid }) => digest === 'equal' && zxid === source.zxid)
  })

  it('copies the tree again where the source has no transactions behind ours', async () => {
    const { source } = bench
    play(source)
    const first = bench.follow()
    await bench.caughtUp()
    await first.stop()
    source.keeps = 1
    source.commit(ANNA, { op: 'delete', path: '/multi' })
    source.commit(ANNA, create('/x'))
    bench.follow()
    await bench.caughtUp()
    expect(await bench.lines()).to.equal(source.lines())
    await bench.status('one resync', ({ resyncs }) => resyncs === 1)
  })

  it('copies the tree again when the source has lost what it had sent', async () => {
    const { source } = bench
    play(source)
    const first = bench.follow()
    await bench.caughtUp()
    await first.stop()
    source.lose(2)
    bench.follow()
    await bench.caughtUp()
    expect(await bench.lines()).to.equal(source.lines())
  })

  it('stops when a digest is not equal, and copies the whole tree when it is started again', async () => {
    const { source } = bench
    play(source)
    const follower = bench.follow()
    await bench.caughtUp()
    const txn = source.commit(ANNA, create('/y'))
    await bench.caughtUp()
    const next = { ...txn, zxid: txn.zxid + 1, ops: [create('/z')] }
    source.feed.transactions([{ ...next, digest: { version: 2, value: 1n } }])
    const error = await follower.ended
    expect(error).to.be.instanceOf(MigrateError).and.have.property('code', 'MIGRATE_DIFFERS')
    const seq = await bench.seq()
    expect(seq).to.be.greaterThan(2)
    const record = await bench.key.read()
    expect(record?.digest).to.equal('unequal')
    expect(record?.trouble).to.match(/^the tree is not the one that the ensemble has, seen at 0x/)
    bench.follow()
    await bench.status('a tree without trouble', ({ digest }) => digest !== 'unequal')
    // Members that had the tree before notice that it is another one.
    expect(await bench.seq()).to.be.greaterThan(seq)
    expect(await bench.lines()).to.equal(source.lines())
  })

  it('stops at a transaction that does not fit the tree, where the source has no digests', async () => {
    const { source } = bench
    source.hasDigests = false
    play(source)
    const follower = bench.follow()
    await bench.caughtUp()
    const txn = source.commit(ANNA, create('/y'))
    await bench.caughtUp()
    const op = { op: 'setData', path: '/nowhere', data: '', version: 1 } as const
    source.feed.transactions([{ ...txn, zxid: txn.zxid + 1, ops: [op] }])
    const error = await follower.ended
    expect(error).to.have.property('code', 'MIGRATE_DIFFERS')
  })

  it('lets a second process wait, and take the place of the first when that is killed', async function () {
    this.timeout(30_000)
    const { source } = bench
    play(source)
    const first = bench.follow({ name: 'first' })
    await bench.caughtUp()
    const second = bench.follow({ name: 'second' })
    source.commit(ANNA, create('/a'))
    await bench.caughtUp()
    expect(source.feeds).to.have.length(1)
    await first.kill()
    source.commit(ANNA, create('/b'))
    await bench.caughtUp()
    // It resumes where the tree is.
    expect(source.feed.from).to.equal(source.log.at(-2)?.zxid)
    await bench.status('the second', ({ holder }) => holder === 'second')
    expect(await bench.lines()).to.equal(source.lines())
    await second.stop()
  })

  it('resumes wherever it was killed: before or behind any transaction of the store', async function () {
    this.timeout(60_000)
    const { source } = bench
    play(source)
    // Before and behind the first transaction, the second, …, until all that is to be done takes fewer.
    let kills = 0
    for (let isKilled = true; isKilled; ) {
      const inner = bench.handle()
      const store = faultyStore(inner)
      isKilled = false
      let left = Math.floor(kills / 2)
      const isBehind = kills % 2 === 1
      const killed = new Promise<void>((resolve) => {
        store.beforeTxn = async () => {
          if (left-- !== 0) return
          isKilled = true
          if (isBehind) store.faults.unshift('after')
          else await inner.close()
          setImmediate(() => void inner.close().then(resolve))
        }
      })
      const follower = bench.follow({}, store)
      const whole = async (): Promise<void> => {
        for (let count = 0; count < 2; count++) {
          await eventually(
            'it',
            async () => isKilled || (await bench.zxid()) === source.zxid,
            LATE_MS,
          )
          if (isKilled) return killed
          source.commit(ANNA, create(`/n${kills}-${count}`))
        }
        await eventually(
          'it',
          async () => isKilled || (await bench.zxid()) === source.zxid,
          LATE_MS,
        )
        if (isKilled) await killed
      }
      await whole()
      await inner.close()
      await follower.stop()
      await bench.forget()
      if (isKilled) kills++
    }
    expect(kills).to.be.greaterThan(12)
    const last = bench.follow()
    source.commit(ANNA, create('/end'))
    await bench.caughtUp()
    expect(await bench.lines()).to.equal(source.lines())
    await last.stop()
  })

  it('refuses the addresses of another ensemble', async () => {
    play(bench.source)
    const first = bench.follow()
    await bench.caughtUp()
    await first.stop()
    const other = await bench.follow({ servers: ['other:2181'] }).ended
    expect(other).to.have.property('code', 'MIGRATE_OTHER_SOURCE')
  })

  it('refuses a prefix with a tree, or with a proxy, and leaves no record there', async () => {
    const { keeper } = await bench.bench.open()
    const other = await bench.follow().ended
    expect(other).to.have.property('code', 'MIGRATE_NOT_FOLLOWING')
    expect(await bench.key.read()).to.equal(undefined)
    expect(keeper.isServing).to.equal(true)
  })

  it('fails with the sentence of the feed, and says it in the record', async () => {
    play(bench.source)
    const follower = bench.follow()
    await bench.caughtUp()
    bench.source.feed.fail(new Error('zk1:2888 speaks no protocol that is known'))
    expect(await follower.ended)
      .to.have.property('message')
      .that.includes('no protocol')
    expect((await bench.key.read())?.trouble).to.include('no protocol')
  })
})
