/**
 * A take-over that is killed at any of its steps, before or after the store has done what it was sent: `status` says what is the
 * case, and the next one does what is left. And one whose store hangs ends with a sentence that is true.
 */
import { expect } from 'chai'
import { silentLogger } from '../../../../lib/base/log.ts'
import { type Clock, type MetadataStore, StoreError, systemClock } from '../../../../lib/index.ts'
import { abandonMigration, finishMigration } from '../../../../lib/migrate/end-migration.ts'
import { migrationStatus } from '../../../../lib/migrate/migration-status.ts'
import { takeOver } from '../../../../lib/migrate/take-over.ts'
import { mirrorBench } from './mirror-bench.ts'
import { create } from './scripted-source.ts'

const ANNA = 0x1000_0000_0001n
const servers = ['127.0.0.1:1']
const logger = silentLogger
/** More operations than one has. */
const STEPS_MAX = 200

const FASTER = 50

type Step = 'before' | 'after' | 'hangs'

/** From the `at`th operation on nothing comes back. */
function doomed(inner: MetadataStore, at: number, how: Step) {
  let count = 0
  const gone = () => new StoreError('STORE_CLOSED', 'killed')
  const run = async <T>(attempt: () => Promise<T>): Promise<T> => {
    const number = count++
    if (how === 'hangs' && number >= at) return new Promise(() => {})
    if (number > at || (number === at && how === 'before')) throw gone()
    const result = await attempt()
    if (number === at) throw gone()
    return result
  }
  const store: MetadataStore = {
    features: inner.features,
    range: (query) => run(() => inner.range(query)),
    txn: (txn) => run(() => inner.txn(txn)),
    watch: (options) => inner.watch(options),
    grantLease: (options) => run(() => inner.grantLease(options)),
    keepLeaseAlive: (id) => run(() => inner.keepLeaseAlive(id)),
    revokeLease: (id) => run(() => inner.revokeLease(id)),
    compact: (revision) => run(() => inner.compact(revision)),
    close: () => inner.close(),
  }
  return {
    store,
    get count() {
      return count
    },
  }
}

const fast: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * FASTER,
  after: (ms, run) => systemClock.after(ms / FASTER, run),
}

describe('migrate/take-over, killed', function () {
  this.timeout(60_000)
  let bench: ReturnType<typeof mirrorBench>

  beforeEach(async () => {
    bench = mirrorBench()
    const { source } = bench
    source.commit(ANNA, create('/a'))
    const follower = bench.follow({ servers })
    await followedToItsEnd(follower)
  })
  afterEach(() => bench.close())

  /** The ensemble is stopped, and then the follower. */
  async function followedToItsEnd(follower: { stop(): Promise<unknown> }): Promise<void> {
    const { source } = bench
    await bench.caughtUp()
    source.feed.push({ kind: 'disconnected', why: 'it was stopped' })
    await bench.status(
      'no leader',
      ({ leader, received }) => leader === '' && received === source.zxid,
    )
    await follower.stop()
  }

  /** The store as it was before a try. */
  async function rewound<T>(use: () => Promise<T>): Promise<T> {
    const all = { start: Buffer.from('/anykeeper/'), end: Buffer.from('/anykeeper0') }
    const { kvs: before } = await bench.own.range(all)
    const result = await use()
    const { kvs: after } = await bench.own.range(all)
    const deletes = after.map(({ key }) => ({ type: 'delete', key }) as const)
    await bench.own.txn({ compares: [], ops: deletes })
    const puts = before.map(({ key, value }) => ({ type: 'put', key, value }) as const)
    await bench.own.txn({ compares: [], ops: puts })
    return result
  }

  /** Whatever was cut off: what is said is the case, and the next one ends it. */
  async function expectMended(): Promise<'following' | 'taken' | 'unrecorded'> {
    const recorded = (await bench.key.read())!.phase
    const { record, sentence } = await migrationStatus({ store: bench.own })
    const state = record?.phase === 'taken' && recorded !== 'taken' ? 'unrecorded' : record!.phase
    if (state === 'unrecorded') expect(sentence).to.match(/once more, does that$/)
    if (record?.phase === 'taken') {
      const error = await abandonMigration({ store: bench.own }).catch((reason: Error) => reason)
      expect(error).to.have.property('message').that.includes('it is the authority')
    }
    const again = await takeOver({ store: bench.handle(), logger, clock: fast })
    expect(again.wasTaken).to.equal(record?.phase === 'taken')
    expect((await bench.key.read())?.phase).to.equal('taken')
    return state as 'following' | 'taken' | 'unrecorded'
  }

  for (const how of ['before', 'after'] as const) {
    it(`at any operation, ${how} it is done`, async () => {
      const states = new Set<string>()
      for (let at = 0; at < STEPS_MAX; at++) {
        const isDone = await rewound(async () => {
          const { store } = doomed(bench.handle(), at, how)
          const end = await takeOver({ store, logger, clock: fast }).catch((error: Error) => error)
          states.add(await expectMended())
          return !(end instanceof Error)
        })
        if (isDone)
          return expect([...states]).to.include.members(['following', 'taken', 'unrecorded'])
      }
      throw new Error('it never ended')
    })
  }

  it('a store that hangs at any operation: what the sentence says is the case', async () => {
    const seen = new Set<string>()
    for (let at = 0; at < STEPS_MAX; at++) {
      const isDone = await rewound(async () => {
        const { store } = doomed(bench.handle(), at, 'hangs')
        const options = { store, logger, clock: fast, timeoutMs: 4_000, commitMs: 1_000 }
        const end = await takeOver(options).catch((error: Error & { code: string }) => error)
        const { record } = await migrationStatus({ store: bench.own })
        if (end instanceof Error) {
          expect(end.code, end.message).to.be.oneOf(['MIGRATE_TIMEOUT', 'MIGRATE_UNKNOWN'])
          expect(end.message).to.match(/^given up after (1000|4000) ms while .+: .+run it again/)
          if (end.code === 'MIGRATE_TIMEOUT') expect(record?.phase).to.equal('following')
          seen.add(end.message)
        }
        await expectMended()
        return !(end instanceof Error)
      })
      if (isDone) break
    }
    const sentences = [...seen].join('\n')
    for (const step of [
      'the store was read',
      'the tree was loaded',
      'the store committed',
      'was written into the record',
    ]) {
      expect(sentences).to.include(step)
    }
  })

  it('finish after one that was killed before its record ends the migration', async () => {
    await takeOver({ store: bench.handle(), logger })
    await bench.key.update((record) => record && { ...record, phase: 'following' })
    expect(await finishMigration({ store: bench.own })).to.equal(true)
    expect((await bench.key.read())?.phase).to.equal('finished')
  })

  it('a store that hangs: finish, abandon', async () => {
    const options = { clock: fast, timeoutMs: 1_000 }
    for (const [at, code] of [
      [0, 'MIGRATE_TIMEOUT'],
      [1, 'MIGRATE_UNKNOWN'],
    ] as const) {
      const { store } = doomed(bench.handle(), at, 'hangs')
      const error = await finishMigration({ store, ...options }).catch((reason: Error) => reason)
      expect(error).to.have.property('code', code)
    }
    for (const [at, code] of [
      [1, 'MIGRATE_TIMEOUT'],
      [2, 'MIGRATE_UNKNOWN'],
    ] as const) {
      const { store } = doomed(bench.handle(), at, 'hangs')
      const error = await abandonMigration({ store, ...options }).catch((reason: Error) => reason)
      expect(error).to.have.property('code', code)
    }
  })

  it('an epoch so high that the next one would not be exact is not taken over', async () => {
    const { source } = bench
    const highest = 2 ** 21 - 1
    const follower = bench.follow({ servers })
    await bench.status('followed', ({ leader }) => leader !== '')
    source.zxid = (highest - 255) * 2 ** 32
    source.commit(ANNA, create('/b'))
    await followedToItsEnd(follower)
    const error = await takeOver({ store: bench.own, logger }).catch((reason: Error) => reason)
    expect(error).to.have.property('code', 'MIGRATE_EPOCH')
    expect(error)
      .to.have.property('message')
      .that.includes('the one of the take-over would be 2097152')
    expect((await bench.key.read())?.phase).to.equal('following')
  })
})
