/** Records follow the journal, and the journal is cut behind them, whatever is written. */
import { expect } from 'chai'
import { Layout } from '../../lib/format/layout.ts'
import { KeeperClient } from '../../lib/index.ts'
import { JOURNAL_KEPT_BYTES_MAX } from '../../lib/member/tree/journal-tail.ts'
import { keeperBench } from '../support/keepers.ts'

const { journal } = new Layout('/anykeeper')

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Three of them are more than is kept of the journal. */
const large = Buffer.alloc(400_000)

describe('write-behind', () => {
  it('cuts the journal again and again, after each pause of the writers', async () => {
    const bench = keeperBench()
    try {
      const { keeper, store } = await bench.open({ flushDelayMs: 1 })
      const client = await KeeperClient.connect(keeper)
      for (let i = 0; i < 4; i++) {
        await client.create(`/pause-${i}`, large)
        // Nobody drains: the records go when the writers are quiet.
        while (keeper.replica.backlog.size > 0 || keeper.committer.stalledMs > 0) await turn()
        for (let left = 10; left > 0; left--) await turn()
        expect(keeper.replica.flushed, 'all before the last batch').to.be.at.least(
          keeper.replica.seq - 1,
        )
        const { kvs } = await store.range(journal)
        // The mark of the batch before stands in the newest entry, which is small.
        const bytes = kvs.slice(0, -1).reduce((sum, { value }) => sum + value.length, 0)
        expect(bytes).to.be.at.most(JOURNAL_KEPT_BYTES_MAX)
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
      const client = await KeeperClient.connect(keeper)
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

  it('is not held up by a znode whose data and ACL are too large together', async () => {
    const bench = keeperBench()
    try {
      const { keeper, store } = await bench.open({ flushDelayMs: 1 })
      const size = Math.floor(store.features.valueBytesMax * 0.6)
      const client = await KeeperClient.connect(keeper)
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
