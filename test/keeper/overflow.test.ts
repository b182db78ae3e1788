/** S5 and Q4: what happens at the end of an int32. The records are written as a restore would. */
import { expect } from 'chai'
import { connect, Layout, type ZooKeeper } from '../../lib/internal.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'

const INT_MAX = 2_147_483_647

describe('int32 overflow', () => {
  let bench: KeeperBench
  let client: ZooKeeper
  const layout = new Layout('/anykeeper')

  beforeEach(async () => {
    bench = keeperBench()
    const value = (text: string) => Buffer.from(text)
    const znode = (more: string) =>
      value(`{"f":1,"czxid":1,"mzxid":1,"ctime":1,"mtime":1${more}}\n`)
    await bench.handle().txn({
      compares: [],
      ops: [
        { type: 'put', key: layout.znode('/full'), value: znode(`,"version":${INT_MAX}`) },
        { type: 'put', key: layout.znode('/acl'), value: znode(`,"aversion":${INT_MAX}`) },
        {
          type: 'put',
          key: layout.childRecord('/full'),
          value: value(`{"f":1,"creates":${INT_MAX},"pzxid":1}`),
        },
        { type: 'put', key: layout.head, value: value('{"f":1,"zxid":9,"seq":0,"flushed":0}') },
      ],
    })
    const { keeper } = await bench.open()
    client = await connect(keeper)
  })
  afterEach(() => bench.close())

  it('S5 a version wraps to the lowest int32, and is compared as that', async () => {
    const wrapped = await client.setData('/full', null, INT_MAX)
    expect(wrapped.version).to.equal(-INT_MAX - 1)
    const next = await client.setData('/full', null, -INT_MAX - 1)
    expect(next.version).to.equal(-INT_MAX)
  })

  it('S5 an aversion wraps, too', async () => {
    const stat = await client.setAcl('/acl', [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }])
    expect(stat.aversion).to.equal(-INT_MAX - 1)
  })

  it('Q4 the counter sticks at its highest: the last number once, then NODEEXISTS', async () => {
    const last = await client.create('/full/n-', null, { mode: 'persistent-sequential' })
    expect(last.path).to.equal('/full/n-2147483647')
    const error = await client
      .create('/full/n-', null, { mode: 'persistent-sequential' })
      .catch((e: unknown) => e)
    expect(error).to.have.property('code', 'ZK_NODE_EXISTS')
    // Another prefix still finds its name free.
    const other = await client.create('/full/m-', null, { mode: 'persistent-sequential' })
    expect(other.path).to.equal('/full/m-2147483647')
  })
})
