/** What says that a member forwards is there whenever the member is listed, and ends with it. */
import { expect } from 'chai'
import { silentLogger } from '../../../../../lib/base/log.ts'
import { encodeForwarder } from '../../../../../lib/format/forwarder.ts'
import { type Keeper, StoreError } from '../../../../../lib/index.ts'
import { Layout } from '../../../../../lib/internal.ts'
import { abandonMigration, finishMigration } from '../../../../../lib/migrate/end-migration.ts'
import { ForwarderKey } from '../../../../../lib/migrate/serve/forwarder-key.ts'
import { liveForwarders } from '../../../../../lib/migrate/serve/hand-over.ts'
import { serveWhileFollowing } from '../../../../../lib/migrate/serve/zookeeper-upstream.ts'
import { takeOver } from '../../../../../lib/migrate/take-over.ts'
import { eventually } from '../../../../support/eventually.ts'
import { faultyStore } from '../../../../support/faulty-store.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'
import { mirrorBench } from '../mirror-bench.ts'
import { create } from '../scripted-source.ts'

const LATE_MS = 20_000
const layout = new Layout('/anykeeper')
const FORWARDS = { sessions: 0, freeze: '', zxid: 0 }
/** Of a proxy of a release before, which was killed. */
const OLD = layout.forwarder('0123456789abcdef')

describe('migrate/serve: the key of a member that forwards', () => {
  let bench: ReturnType<typeof mirrorBench>
  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  async function follow() {
    bench.source.commit(1n, create('/a'))
    const follower = bench.follow({ servers: ['127.0.0.1:1'] })
    await bench.caughtUp()
    return follower
  }

  const forwarders = async () => (await bench.own.range(layout.forwarders)).kvs
  const isWritten = (keeper: Keeper) =>
    eventually(
      'its key',
      async () => (await forwarders()).some(({ lease }) => lease === keeper.registry.lease),
      LATE_MS,
    )
  const putOld = () =>
    bench.own.txn({
      compares: [],
      ops: [{ type: 'put', key: OLD, value: encodeForwarder(FORWARDS) }],
    })

  it('is never missing while the member is listed, also where it is listed again on another lease', async () => {
    await follow()
    const { keeper } = await bench.bench.open({}, { upstream: serveWhileFollowing() })
    await isWritten(keeper)
    const first = keeper.registry.lease
    const watching = new AbortController()
    const seen: string[] = []
    const { revision } = await bench.own.range({ start: layout.head })
    const [start, end] = [layout.forwarders.start, layout.proxies.end]
    const feed = bench.own.watch({
      ...{ start, end, fromRevision: revision + 1, signal: watching.signal },
    })
    const watched = (async () => {
      for await (const { revision: at, events } of feed) {
        for (const event of events) {
          const { key } = event.type === 'put' ? event.kv : event
          const letter = Buffer.from(key).toString().split('/')[2]
          if (letter === 'f' || letter === 'p') seen.push(`${event.type} ${letter} ${at}`)
        }
      }
    })()
    await bench.own.revokeLease(first)
    await eventually('another lease', () => keeper.registry.lease !== first, LATE_MS)
    await isWritten(keeper)
    await eventually(
      'both',
      () => seen.filter((what) => what.startsWith('put')).length >= 2,
      LATE_MS,
    )
    watching.abort()
    await watched
    // Together they end; and this one is there before the member is.
    const [one, other] = seen.map((what) => what.split(' ')[2])
    expect(one).to.equal(other)
    const kinds = seen.map((what) => what.slice(0, what.lastIndexOf(' ')))
    expect(kinds.slice(0, 2)).to.have.members(['delete f', 'delete p'])
    expect(kinds.slice(2)).to.deep.equal(['put f', 'put p'])
    expect(await liveForwarders(bench.own, bench.key)).to.have.length(1)
  })

  it('is moved to the lease that the member got while it was written', async () => {
    const store = faultyStore(bench.handle())
    const clock = new ManualClock()
    const [one, two] = await Promise.all(
      [1, 2].map(() => store.grantLease({ ttlMs: 60_000 }).then(({ id }) => id)),
    )
    let lease = one!
    const key = new ForwarderKey({
      ...{ store, layout, clock, proxy: 'a'.repeat(16), lease: () => lease },
      ...{ logger: silentLogger, signal: new AbortController().signal },
    })
    store.beforeTxn = () => {
      lease = two!
    }
    await key.write(FORWARDS)
    expect((await forwarders()).map((kv) => kv.lease)).to.deep.equal([two])
    // One that is there is newer than what was to be written.
    store.beforeTxn = undefined
    lease = one!
    await key.leased(one!)
    await eventually('the lease', async () => (await forwarders())[0]?.lease === one, LATE_MS)
    await key.remove()
    await key.leased(two!)
    expect(await forwarders()).to.deep.equal([])
  })

  it('is not written: the member is not listed', async () => {
    const store = faultyStore(bench.handle())
    const { id } = await store.grantLease({ ttlMs: 60_000 })
    const key = new ForwarderKey({
      ...{ store, layout, clock: new ManualClock(), proxy: 'a'.repeat(16), lease: () => id },
      ...{ logger: silentLogger, signal: new AbortController().signal },
    })
    await key.write(FORWARDS)
    store.faults.push('refused')
    const refused = await key.leased(id).catch((error: Error) => error)
    expect(refused).to.be.instanceOf(StoreError)
  })

  it('of another release, which has no lease, is removed by a take-over, finish and abandon, unless its member lives', async () => {
    const follower = await follow()
    await putOld()
    bench.source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await bench.status('the end', ({ leader }) => leader === '')
    await follower.stop()
    // It lives: its key stays.
    const lives = { key: layout.proxy('0123456789abcdef'), value: Buffer.from('{}') } as const
    const { store } = await bench.bench.open()
    const [listed] = (await store.range(layout.proxies)).kvs
    await store.txn({ compares: [], ops: [{ type: 'put', ...lives, value: listed!.value }] })
    const refused = takeOver({
      ...{ store: bench.own, logger: silentLogger, handOverMs: 1 },
    }).catch((error: Error) => error)
    expect(await refused)
      .to.have.property('message')
      .that.includes('not stopped')
    expect(await forwarders()).to.have.length(1)
    await store.txn({ compares: [], ops: [{ type: 'delete', key: lives.key }] })
    await takeOver({ store: bench.own, logger: silentLogger })
    expect(await forwarders()).to.deep.equal([])
    await putOld()
    await finishMigration({ store: bench.own })
    expect(await forwarders()).to.deep.equal([])
  })

  it('of another release is removed with the tree', async () => {
    const follower = await follow()
    await putOld()
    await follower.stop()
    await abandonMigration({ store: bench.own })
    expect(await forwarders()).to.deep.equal([])
  })
})
