/** An unmodified exporter over mntr: it exports of a proxy what it exports of ZooKeeper, by the same names. */
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { Collectd } from './collectd.ts'

describe('observe/exporter', function () {
  this.timeout(90_000)
  let zookeeper: ZookeeperServer
  let anykeeper: AnykeeperProcess
  const exporters: Collectd[] = []
  const clients: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper', 'collectd')
    const starting = startZookeeper()
    anykeeper = await startAnykeeper()
    zookeeper = await starting
    for (const { port } of [anykeeper, zookeeper]) {
      const client = await RawClient.connect({ port, timeoutMs: 20_000 })
      clients.push(client)
      await client.create('/a', { data: 'x'.repeat(1_000) })
      await client.create('/a/ephemeral', { flags: 1 })
      await client.getData('/a', true)
      exporters.push(await Collectd.start(port))
    }
  })
  after(async () => {
    for (const exporter of exporters) await exporter.stop()
    for (const client of clients) client.destroy()
    await anykeeper?.stop()
    await zookeeper?.stop()
  })

  it('collectd has the same series of both, with the numbers of the same tree', async () => {
    const [ours, theirs] = exporters
    let ourSeries = new Map<string, number>() as ReadonlyMap<string, number>
    let theirSeries = ourSeries
    const read = async (): Promise<boolean> => {
      ourSeries = await ours!.series()
      theirSeries = await theirs!.series()
      return ourSeries.size > 0 && theirSeries.size > 0
    }
    await eventually('both are read', read, 30_000)
    expect([...ourSeries.keys()].sort()).to.deep.equal([...theirSeries.keys()].sort())
    const labels = (name: string) => `collectd_zookeeper_gauge{zookeeper="${name}",instance="here"}`
    expect(ourSeries.get(labels('ephemerals'))).to.equal(1)
    expect(ourSeries.get(labels('watch'))).to.equal(1)
    const znodes = (await anykeeper.fourLetterWord('mntr')).match(/^zk_znode_count\t(\d+)$/m)?.[1]
    expect(ourSeries.get(labels('znode'))).to.equal(Number(znodes))
    expect(ours!.output).to.not.match(/error|failed/i)
  })
})
