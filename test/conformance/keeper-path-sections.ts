/** Keeper conformance: verbs on whole paths. Neighbour: keeper.ts. */
import { expect } from 'chai'
import { createOrSet, deleteRecursive, mkdirp, walk } from '../../lib/index.ts'
import { type BenchOf, refusal } from './keeper.ts'
import { bytes, text } from './support.ts'

export function pathSection(bench: BenchOf): void {
  describe('paths', () => {
    it('mkdirp: persistent parents, data for the last, what is there stays', async () => {
      const keeper = await bench().keeper()
      const [a, b] = [await bench().client(keeper), await bench().client()]
      await Promise.all([a, b].map((one) => mkdirp(one, '/p/q/r', { data: bytes('x') })))
      await mkdirp(a, '/p/q/r', { data: bytes('other') })
      await a.sync()
      expect(text((await a.getData('/p/q/r')).data!)).to.equal('x')
      await a.create('/plain')
      // No Stat tells a container from a persistent znode.
      const kindOf = (path: string) => keeper.replica.tree.get(path)?.kind
      for (const path of ['/p', '/p/q', '/p/q/r']) expect(kindOf(path)).to.equal(kindOf('/plain'))
      await a.create('/p/e', null, { mode: 'ephemeral' })
      await refusal(mkdirp(a, '/p/e/x'), 'ZK_NO_CHILDREN_FOR_EPHEMERALS')
    })

    it('createOrSet, walk, deleteRecursive', async () => {
      const client = await bench().client()
      await mkdirp(client, '/d/b/c')
      await mkdirp(client, '/d/a')
      expect((await createOrSet(client, '/d/a/x', bytes('1'))).version).to.equal(0)
      expect((await createOrSet(client, '/d/a/x', bytes('2'))).version).to.equal(1)
      await refusal(createOrSet(client, '/none/x', null), 'ZK_NO_NODE')
      const paths: string[] = []
      for await (const { path } of walk(client, '/d')) paths.push(path)
      expect(paths).to.deep.equal(['/d', '/d/a', '/d/a/x', '/d/b', '/d/b/c'])
      await deleteRecursive(client, '/d')
      await deleteRecursive(client, '/d')
      expect(await client.exists('/d')).to.equal(undefined)
      await mkdirp(client, '/other/x')
      await deleteRecursive(client, '/')
      expect((await client.getChildren('/')).children).to.deep.equal(['zookeeper'])
      await refusal(deleteRecursive(client, '/zookeeper'), 'ZK_BAD_ARGUMENTS')
    })
  })
}
