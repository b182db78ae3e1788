/** What the bench writes into a store by itself is what anykeeper would have written. */
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { treePath } from '../../bench/load/fixture.ts'
import { fillStore } from '../../bench/store-filler.ts'
import { connect, Keeper } from '../../lib/index.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

describe('bench: a store filled without a proxy', () => {
  const folder = temporaryFolder('bench-filler')
  after(() => removeFolder(folder))

  it('is a tree like any other', async () => {
    const url = `file:${folder}`
    await fillStore(url, '/anykeeper', 2_000)
    const store = await openStore(url)
    const keeper = await Keeper.open({ store })
    try {
      const client = await connect(keeper, { timeoutMs: 10_000 })
      const root = await client.getChildren('/')
      expect(root.children.toSorted()).to.deep.equal(['bench', 'zookeeper'])
      const path = treePath(1_999)
      const { data, stat } = await client.getData(path)
      expect(data).to.have.length(100)
      expect(stat).to.include({ version: 0, numChildren: 0, dataLength: 100 })
      const parent = path.slice(0, path.lastIndexOf('/'))
      const { children, stat: parentStat } = await client.getChildren(parent)
      expect(children).to.have.length(1_000)
      expect(parentStat).to.include({ numChildren: 1_000, cversion: 1_000 })
      expect(parentStat.pzxid).to.equal(stat.czxid)
      const made = await client.create(`${parent}/next-`, null, { mode: 'persistent-sequential' })
      expect(made.path).to.equal(`${parent}/next-0000001000`)
      expect(made.stat!.czxid > stat.czxid).to.equal(true)
      await client.close()
    } finally {
      await keeper.close()
      await store.close()
    }
  })
})
