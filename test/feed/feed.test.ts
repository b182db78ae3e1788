/** The change feed on a real etcd: with two members, and with a consumer and proxies that are killed. */
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { Keeper, type MetadataStore } from '../../lib/index.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { follow, nodesOf } from '../support/feed-copy.ts'
import { FeedWriter } from '../support/feed-writer.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { feedRun } from './feed-run.ts'

describe('change feed on etcd', () => {
  before(function () {
    requireOrSkip(this, 'etcd')
  })

  it('is the same on two members that both write', async function () {
    this.timeout(60_000)
    const etcd: EtcdServer = await startEtcd({ binary: etcdProgram() })
    const stores: MetadataStore[] = []
    const keepers: Keeper[] = []
    const stop = new AbortController()
    try {
      for (let i = 0; i < 2; i++) {
        stores.push(await openStore(`etcd://${etcd.host}`))
        keepers.push(await Keeper.open({ store: stores[i]! }))
      }
      const feeds = keepers.map((keeper) => follow(keeper.changes({ signal: stop.signal })))
      const isLive = () => feeds.every(({ records }) => records.at(-1)?.kind === 'live')
      await eventually('both snapshots', isLive)
      const writers = await Promise.all(keepers.map((keeper) => FeedWriter.open(keeper)))
      await writers[0]!.create('/a')
      for (let round = 0; round < 30; round++) {
        await Promise.all(
          writers.flatMap((writer, i) => [
            writer.create(`/a/e-${i}-`, `${round}`, 'ephemeral-sequential'),
            writer.set('/a', `${i} ${round}`),
            writer.delete(`/a/e-${1 - i}-${`${round}`.padStart(10, '0')}`),
          ]),
        )
      }
      await writers[0]!.close()
      for (const keeper of keepers) await keeper.sync()
      const { zxid } = keepers[0]!.replica
      const isThere = () => feeds.every(({ copy }) => copy.zxid === zxid)
      await eventually('both feeds', isThere)
      const [one, two] = feeds.map(({ copy }) => copy)
      expect(one!.changes.length).to.be.above(100)
      expect(one!.changes).to.deep.equal(two!.changes)
      expect(one!.picture()).to.deep.equal(nodesOf(keepers[1]!))
    } finally {
      stop.abort()
      for (const keeper of keepers) await keeper.close()
      for (const store of stores) await store.close()
      await etcd.stop()
    }
  })

  for (const over of ['store', 'wire'] as const) {
    const what = `a consumer that is killed, as are proxies, has every change once and in order (${over})`
    it(what, async function () {
      this.timeout(240_000)
      const report = await feedRun({ changes: 20_000, kills: 10, seed: 1, over })
      expect(report.changes).to.be.at.least(20_000)
      expect(report.consumerKills + report.proxyKills).to.equal(10)
      expect(Math.min(report.consumerKills, report.proxyKills)).to.be.above(0)
    })
  }
})
