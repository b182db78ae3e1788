/**
 * A real ZooKeeper whose counter of creates overflows while it is followed and a proxy serves: its own digests are wrong then, its
 * tree keeps the highest number, and the copy goes on.
 */
import { expect } from 'chai'
import { zookeeperSnapshot } from '../../lib/index.ts'
import { SourceKey } from '../../lib/migrate/source-key.ts'
import { OPEN_ACL } from '../../lib/model/acl.ts'
import { Znode } from '../../lib/model/znode.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { startZookeeperLeader, ZookeeperEnsemble } from '../support/zookeeper-server.ts'
import { ServeBed } from './serving/serve-bed.ts'

const NEARLY = 2_147_483_646
const EPOCH = 2 ** 32
const LATE_MS = 30_000
const SEQUENTIAL = { flags: 2 }

describe('migrate: a counter that overflows', function () {
  this.timeout(90_000)
  let bed: ServeBed
  let server: Awaited<ReturnType<typeof startZookeeperLeader>>['server']
  const clients: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9')
    const snapshot = snapshotOf(NEARLY)
    ;({ server } = await startZookeeperLeader({ version: '3.9', tickTimeMs: 500, snapshot }))
    bed = await ServeBed.open(new ZookeeperEnsemble([server]))
    await bed.follow()
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await bed?.close()
  })

  async function open(port: number): Promise<RawClient> {
    const client = await RawClient.connect({ port })
    clients.push(client)
    return client
  }

  it('the names are those of ZooKeeper, the digests behind it are equal', async () => {
    const { port, keeper } = await bed.serve()
    const [here, there] = [await open(port), await open(server.port)]
    const one = async (name: string): Promise<string | undefined> => {
      // A leader that has not applied the create before itself counts on from it, and overflows.
      await there.sync('/')
      return (await here.create(`/full/${name}`, SEQUENTIAL)).record.path
    }
    expect(await one('n-')).to.equal('/full/n-2147483646')
    expect(await one('n-')).to.equal('/full/n-2147483647')
    expect(await one('m-')).to.equal('/full/m-2147483647')
    const many = ['a-', 'b-', 'c-'].map((name) => there.create(`/full/${name}`, SEQUENTIAL))
    for (const { err } of await Promise.all(many)) expect(err).to.equal(0)
    expect((await here.delete('/full/m-2147483647')).err).to.equal(0)
    const { zxid } = await here.create('/behind')
    await here.sync('/')
    const [ours, theirs] = [await here.exists('/full'), await there.exists('/full')]
    expect(ours.record.stat).to.deep.equal(theirs.record.stat)
    expect(keeper.isServing).to.equal(true)
    const key = new SourceKey({ store: await bed.store() })
    const record = await eventually(
      'a record behind it',
      async () => {
        const read = await key.read()
        return read !== undefined && read.zxid >= zxid && read
      },
      LATE_MS,
    )
    expect(record).to.deep.include({ digest: 'equal', trouble: '', resyncs: 0 })
  })
})

/** With so many creates below /full. */
function snapshotOf(creates: number): ReturnType<typeof zookeeperSnapshot> {
  const node = (more: Partial<Znode> = {}, zxid = 0): Znode =>
    Object.assign(new Znode({ data: '', acl: OPEN_ACL, zxid, time: 0 }), more)
  const nodes = [
    ['/', node({ creates: 1 })],
    ...['', '/config', '/quota'].map((name) => [`/zookeeper${name}`, node()]),
    ['/full', node({ creates }, EPOCH + 1)],
  ] as [string, Znode][]
  const header = { zxid: EPOCH + 5 }
  return zookeeperSnapshot({ header, sessions: [], znodes: () => nodes } as never)
}
