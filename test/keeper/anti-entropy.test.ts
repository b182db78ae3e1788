/** Replicas compare their trees after the same batch: one that differs loads the tree that is stored. */
import { expect } from 'chai'
import { connect } from '../../lib/index.ts'
import { eventually } from '../support/eventually.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { pictureOf } from '../support/tree-picture.ts'

describe('a tree that differs from another keeper’s', () => {
  let bench: KeeperBench

  beforeEach(() => {
    bench = keeperBench()
  })
  afterEach(() => bench.close())

  it('is loaded again, although it ends with the same batch', async () => {
    const [right, wrong] = [await bench.open(), await bench.open()]
    const client = await connect(right.keeper)
    await client.create('/a', Buffer.from('right'))
    await wrong.keeper.sync()
    const { tree, zxid } = wrong.keeper.replica
    tree.apply({ type: 'setData', path: '/a', data: 'wrong', version: 0 }, zxid, 0)
    await client.create('/b', null)
    await eventually('the tree is loaded again', () => wrong.keeper.resyncCount > 0)
    await wrong.keeper.sync()
    expect(pictureOf(wrong.keeper).nodes).to.deep.equal(pictureOf(right.keeper).nodes)
    expect(wrong.keeper.committer.counters.treeDifferences).to.be.greaterThan(0)
  })
})
