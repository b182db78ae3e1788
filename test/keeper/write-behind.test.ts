/** Records follow the journal, and the journal is cut behind them, whatever is written. */
import { expect } from 'chai'
import { type KeyRange, Layout } from '../../lib/format/layout.ts'
import { connect, StoreError } from '../../lib/index.ts'
import { FLUSH_HOLD_MS } from '../../lib/member/commit/batch-planner.ts'
import { JOURNAL_KEPT } from '../../lib/member/tree/journal-tail.ts'
import { keeperBench } from '../support/keepers.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { narrowStore } from '../support/narrow-store.ts'

const { journal, znodes } = new Layout('/anykeeper')

const turn = () => new Promise((resolve) => setImmediate(resolve))

const isIn = (key: Uint8Array, { start, end }: KeyRange) =>
  Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0

/** Three of them are more than is kept of the journal. */
const large = Buffer.alloc(400_000)

describe('write-behind', () => {
  it('cuts the journal again and again, after each pause of the writers', async () => {
    const bench = keeperBench()
    try {
      const { keeper, store } = await bench.open({ flushDelayMs: 1 })
      const client = await connect(keeper)
      for (let i = 0; i < 4; i++) {
        await client.create(`/pause-${i}`, large)
        // Nobody drains: the records go when the writers are quiet.
        while (keeper.replica.backlog.size > 0 || keeper.committer.progress.stalledMs > 0)
          await turn()
        for (let left = 10; left > 0; left--) await turn()
        expect(keeper.replica.flushed, 'all before the last batch').to.be.at.least(
          keeper.replica.seq - 1,
        )
        const { kvs } = await store.range(journal)
        // The mark of the batch before stands in the newest entry, which is small.
        const bytes = kvs.slice(0, -1).reduce((sum, { value }) => sum + value.length, 0)
        expect(bytes).to.be.at.most(JOURNAL_KEPT.bytesMax)
        expect(kvs).to.have.length.of.at.least(2)
      }
    } finally {
      await bench.close()
    }
  })

  it('goes over the removed part of the journal no more: a store with history would walk it', async () => {
    const bench = keeperBench()
    try {
      const { keeper, store } = await bench.open()
      const removed: { start: Uint8Array; end: Uint8Array }[] = []
      store.beforeTxn = ({ ops }) => {
        for (const op of ops) if (op.type === 'deleteRange') removed.push(op)
      }
      const client = await connect(keeper)
      for (let i = 0; i < 7; i++) {
        await client.create(`/step-${i}`, large)
        await keeper.committer.drain(10_000)
      }
      expect(removed).to.have.length.of.at.least(4)
      const starts = removed.map(({ start }) => start)
      const ends = removed.map(({ end }) => end)
      expect(starts.slice(1)).to.deep.equal(ends.slice(0, -1))
    } finally {
      await bench.close()
    }
  })

  it('a record that the store refuses holds up no request, and is written when the store takes it', async () => {
    const bench = keeperBench()
    try {
      const clock = new ManualClock()
      const { keeper, store } = await bench.open({}, { clock })
      const client = await connect(keeper)
      await keeper.committer.drain(10_000)
      let refusals = 0
      store.beforeTxn = ({ ops }) => {
        if (!ops.some((op) => op.type === 'put' && isIn(op.key, znodes))) return
        refusals++
        throw new StoreError('STORE_TOO_LARGE', 'injected', { outcome: 'unapplied' })
      }
      for (const path of ['/a', '/b', '/c']) await client.create(path)
      // Smaller and smaller, until a single record is refused; then once a second.
      for (let second = 0; second < 5; second++) await clock.advance(FLUSH_HOLD_MS)
      expect(refusals).to.be.within(4, 12)
      await client.setData('/a', Buffer.from('x'))
      expect(keeper.replica.backlog.size).to.be.above(0)
      store.beforeTxn = undefined
      for (let second = 0; second < 5; second++) await clock.advance(FLUSH_HOLD_MS)
      expect(keeper.replica.backlog.size).to.equal(0)
    } finally {
      await bench.close()
    }
  })

  it('a request is not blamed for the record beside it', async () => {
    const bench = keeperBench()
    try {
      const clock = new ManualClock()
      // Every commit carries records.
      const { keeper, store } = await bench.open({ backlogKeysTarget: 1 }, { clock })
      const client = await connect(keeper)
      await client.create('/a')
      store.beforeTxn = ({ ops }) => {
        if (ops.length <= 2) return
        throw new StoreError('STORE_TOO_LARGE', 'injected', { outcome: 'unapplied' })
      }
      for (const path of ['/b', '/c']) await client.create(path)
      expect(keeper.replica.tree.has('/c')).to.equal(true)
    } finally {
      await bench.close()
    }
  })

  it('is not held up by a small change that makes a record too large, of its data or of its ACL', async () => {
    const bench = keeperBench()
    try {
      const sizes = { txnOpsMax: 128, txnBytesMax: 200_000, valueBytesMax: 100_000 }
      const store = narrowStore(bench.handle(), sizes)
      const { keeper } = await bench.open({ flushDelayMs: 1 }, { store })
      const client = await connect(keeper)
      const digest = (bytes: number) => [
        { perms: 31, id: { scheme: 'world', id: 'anyone' } },
        { perms: 31, id: { scheme: 'digest', id: `a:${'x'.repeat(bytes)}` } },
      ]
      const outcomes = async (change: (bytes: number) => Promise<unknown>): Promise<string[]> => {
        const codes: string[] = []
        for (const bytes of [100, 1_000, 2_000, 4_000, 8_000, 16_000]) {
          await change(bytes).then(
            () => codes.push('done'),
            (error: { code: string }) => codes.push(error.code),
          )
        }
        return codes
      }
      const fits = ['done', 'done', 'done', 'done']
      const expected = [...fits, 'ZK_BAD_ARGUMENTS', 'ZK_BAD_ARGUMENTS']
      await client.create('/data', Buffer.alloc(92_000))
      const acls = await outcomes((bytes) => client.setAcl('/data', digest(bytes)))
      expect(acls).to.deep.equal(expected)
      await client.create('/acl', null, { acl: digest(92_000) })
      const data = await outcomes((bytes) => client.setData('/acl', Buffer.alloc(bytes)))
      expect(data).to.deep.equal(expected)
      await keeper.committer.drain(10_000)
      expect(keeper.replica.backlog.size).to.equal(0)
    } finally {
      await bench.close()
    }
  })

  it('is not held up by a znode whose data and ACL are too large together', async () => {
    const bench = keeperBench()
    try {
      const { keeper, store } = await bench.open({ flushDelayMs: 1 })
      const size = Math.floor(store.features.valueBytesMax * 0.6)
      const client = await connect(keeper, { requestBytesMax: 2 ** 31 })
      await client.create('/large', Buffer.alloc(size))
      const acl = [
        { perms: 31, id: { scheme: 'world', id: 'anyone' } },
        { perms: 31, id: { scheme: 'digest', id: `a:${'x'.repeat(size)}` } },
      ]
      const refused = await client.setAcl('/large', acl).catch((error: unknown) => error)
      expect(refused).to.have.property('code', 'ZK_BAD_ARGUMENTS')
      await client.create('/small', Buffer.from('x'))
      await keeper.committer.drain(10_000)
      expect(keeper.replica.backlog.size).to.equal(0)
    } finally {
      await bench.close()
    }
  })
})
