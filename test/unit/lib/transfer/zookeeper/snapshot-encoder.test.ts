/** A tree as a snapshot: it is read as the same tree, and says what its clients will find. */
import { expect } from 'chai'
import { importTree, readTree, zookeeperSnapshot } from '../../../../../lib/index.ts'
import { chunks, sourceTree, target } from '../../copy/bench.ts'
import { captured, type Files, restore, textOf, VERSIONS } from './folders.ts'

function written({ fileName, chunks: parts }: ReturnType<typeof zookeeperSnapshot>): Files {
  return new Map([[fileName, Buffer.concat([...parts])]])
}

describe('transfer/zookeeper: snapshots for ZooKeeper', () => {
  for (const version of VERSIONS) {
    it(`${version}: through a snapshot of ours it is the same tree`, async () => {
      const { tree } = await restore(captured(version))
      const snapshot = zookeeperSnapshot(tree)
      expect(snapshot.fileName).to.equal(`snapshot.${tree.header.zxid.toString(16)}`)
      expect(snapshot).to.include({
        ttlZnodes: version === '3.4.14' ? 0 : 1,
        sessionsWithOtherPasswords: 0,
      })
      const again = await restore(written(snapshot), { logs: undefined })
      expect(textOf(again)).to.equal([...tree].join(''))
    })
  }

  it('a tree of anykeeper: sessions whose passwords were drawn are counted', async () => {
    const { store, text } = await sourceTree()
    const tree = await readTree({ store })
    const snapshot = zookeeperSnapshot(tree)
    expect(snapshot.sessionsWithOtherPasswords).to.equal(3)
    const restored = await restore(written(snapshot), { logs: undefined })
    expect(restored.findings).to.include({ deadEphemerals: 0 })
    // From now on the sessions have the passwords that ZooKeeper computes.
    const withoutPasswords = (lines: string) =>
      lines.replaceAll(/"password":"\w+"/g, '').replace(/"sha256":"\w+"/, '')
    expect(withoutPasswords(textOf(restored))).to.equal(withoutPasswords(text))
    const copy = target()
    await importTree({ store: copy, input: chunks([textOf(restored)]) })
    expect(zookeeperSnapshot(await readTree({ store: copy }))).to.include({
      sessionsWithOtherPasswords: 0,
    })
  })
})
