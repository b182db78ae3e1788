/** A take-over that no feed brings: the member reads it out of the journal, or loads the tree again. Nothing is committed behind it. */
import { expect } from 'chai'
import { silentLogger } from '../../../../../lib/base/log.ts'
import { type Keeper, type MetadataStore, StoreError } from '../../../../../lib/index.ts'
import { Layout } from '../../../../../lib/internal.ts'
import { serveWhileFollowing } from '../../../../../lib/migrate/serve/zookeeper-upstream.ts'
import { takeOver } from '../../../../../lib/migrate/take-over.ts'
import { epochOf } from '../../../../../lib/model/zxid.ts'
import type { WatchOptions } from '../../../../../lib/store/types.ts'
import { eventually } from '../../../../support/eventually.ts'
import { mirrorBench } from '../mirror-bench.ts'
import { create } from '../scripted-source.ts'
import { PlayedLeader } from './played-leader.ts'

const LATE_MS = 20_000
const ANNA = 0x1000_0000_0001n
const layout = new Layout('/anykeeper')
const isJournal = (start: Uint8Array): boolean =>
  Buffer.from(start).toString('latin1').startsWith('/anykeeper/j/')

/** Its feed of the journal brings nothing any more, and ends as a feed does that was compacted away. */
function deafStore(inner: MetadataStore, hasJournal: () => boolean) {
  let isDeaf = false
  let fail: (error: Error) => void = () => {}
  const store: MetadataStore = {
    features: inner.features,
    async range(query) {
      const found = await inner.range(query)
      // A load reads at one revision.
      const isTail = isJournal(query.start) && query.revision === undefined
      return isDeaf && isTail && !hasJournal() ? { ...found, kvs: [] } : found
    },
    txn: (txn) => inner.txn(txn),
    watch: (options) => (isJournal(options.start) ? feed(options) : inner.watch(options)),
    grantLease: (options) => inner.grantLease(options),
    keepLeaseAlive: (id) => inner.keepLeaseAlive(id),
    revokeLease: (id) => inner.revokeLease(id),
    compact: (revision) => inner.compact(revision),
    close: () => inner.close(),
  }
  async function* feed(options: WatchOptions) {
    const failed = new Promise<never>((_, reject) => {
      fail = reject
    })
    failed.catch(() => {})
    const batches = inner.watch(options)[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([batches.next(), failed])
      if (next.done === true) return
      if (!isDeaf) yield next.value
    }
  }
  return {
    store,
    deafen(): void {
      isDeaf = true
    },
    end(): void {
      fail(new StoreError('STORE_COMPACTED', 'injected: compacted'))
    },
  }
}

describe('migrate/serve: a take-over behind a feed that was lost', () => {
  let bench: ReturnType<typeof mirrorBench>
  let leader: PlayedLeader
  let keeper: Keeper

  beforeEach(async () => {
    bench = mirrorBench()
    leader = await PlayedLeader.start(() => epochOf(bench.source.zxid))
    bench.source.commit(ANNA, create('/a'))
    bench.follow({ servers: ['127.0.0.1:1'], quorum: [leader.address] })
    await bench.caughtUp()
  })
  afterEach(async () => {
    await keeper?.close(0)
    await bench.close()
    leader.stop()
  })

  for (const [what, hasJournal, resyncs] of [
    ['is noticed where the journal is read instead', true, 0],
    ['is noticed where the tree is loaded again', false, 1],
  ] as const) {
    it(what, async () => {
      const deaf = deafStore(bench.handle(), () => hasJournal)
      const limits = { freshnessCheckMs: 200 }
      const opened = await bench.bench.open(limits, {
        ...{ store: deaf.store, upstream: serveWhileFollowing() },
      })
      keeper = opened.keeper
      await eventually('clients served', () => keeper.isServing, LATE_MS)
      const taking = takeOver({ store: bench.own, logger: silentLogger })
      await eventually('the question of the proxy', () => leader.requests.length > 0, LATE_MS)
      deaf.deafen()
      leader.sync()
      const { zxid } = await taking
      const [head] = (await bench.own.range({ start: layout.head })).kvs
      deaf.end()
      await eventually('the take-over here', () => keeper.upstream?.isActive === false, LATE_MS)
      // Nobody has committed anything since, which would have shown it.
      const [after] = (await bench.own.range({ start: layout.head })).kvs
      expect(after?.modRevision).to.equal(head?.modRevision)
      expect(keeper.replica).to.include({ mirrors: false, zxid })
      expect(keeper.resyncCount).to.equal(resyncs)
      await eventually('clients served again', () => keeper.isServing, LATE_MS)
    })
  }
})
