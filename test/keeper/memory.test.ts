/** With little memory the planning keeper refuses what makes the tree larger; applying never refuses. */
import { expect } from 'chai'
import { connect, createOp } from '../../lib/index.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { pictureOf } from '../support/tree-picture.ts'

describe('little memory', () => {
  let bench: KeeperBench

  beforeEach(() => {
    bench = keeperBench()
  })
  afterEach(() => bench.close())

  const code = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'done',
      (error: unknown) => (error as { code: unknown }).code,
    )

  it('growth is refused, all else is done, and another keeper’s growth is applied', async () => {
    let isShort = false
    const memory = { isShort: () => isShort, loading: () => {} }
    const { keeper } = await bench.open({}, { memory })
    const { keeper: roomy } = await bench.open()
    const client = await connect(keeper)
    await client.create('/a', Buffer.from('data'))
    await client.create('/a/b', null)
    isShort = true
    const open = { perms: 31, id: { scheme: 'world', id: 'anyone' } }
    const refused = 'ZK_QUOTA_EXCEEDED'
    expect(await code(client.create('/c', null))).to.equal(refused)
    expect(await code(client.create('/e', null, { mode: 'ephemeral' }))).to.equal(refused)
    expect(await code(client.setData('/a', Buffer.from('data+')))).to.equal(refused)
    expect(await code(client.setAcl('/a', [open, open, { ...open, perms: 1 }]))).to.equal(refused)
    expect(await code(client.multi([createOp('/c', null)]))).not.to.equal('done')
    // What ZooKeeper says first is still said.
    expect(await code(client.create('/a', null))).to.equal('ZK_NODE_EXISTS')
    expect(await code(client.create('/x/y', null))).to.equal('ZK_NO_NODE')
    expect(await code(client.setData('/a', Buffer.from('tada')))).to.equal('done')
    expect(await code(client.setAcl('/a', [open]))).to.equal('done')
    expect(await code(client.getData('/a'))).to.equal('done')
    expect(await code(client.delete('/a/b'))).to.equal('done')
    const other = await connect(roomy)
    await other.create('/large', Buffer.alloc(10_000))
    await keeper.sync()
    expect(pictureOf(keeper).nodes).to.deep.equal(pictureOf(roomy).nodes)
    await (await connect(keeper)).close()
    isShort = false
    expect(await code(client.create('/c', null))).to.equal('done')
  })

  it('a load asks for room, and what it throws ends the start', async () => {
    const { keeper } = await bench.open()
    const client = await connect(keeper)
    await client.create('/a', Buffer.from('data'))
    await keeper.committer.drain(10_000)
    const seen: number[] = []
    const memory = {
      isShort: () => false,
      loading: ({ nodeCount }: { nodeCount: number }) => {
        seen.push(nodeCount)
        throw new RangeError('no room')
      },
    }
    const refused = await bench.open({}, { memory }).catch((error: unknown) => error)
    expect(refused).to.be.instanceOf(RangeError)
    expect(seen[0]).to.be.above(4)
  })
})
