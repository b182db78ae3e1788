/** What the tree counts as it changes, beside a count of all of it. */
import { expect } from 'chai'
import fc from 'fast-check'
import { DataTree } from '../../../../../lib/member/tree/data-tree.ts'
import { OPEN_ACL } from '../../../../../lib/model/acl.ts'
import { parentOf } from '../../../../../lib/model/path.ts'
import { KIND, Znode } from '../../../../../lib/model/znode.ts'

const LIMITS = '/zookeeper_limits'
const STATS = '/zookeeper_stats'

class Grown {
  readonly tree = new DataTree()
  #zxid = 0

  create(path: string, data = '', ephemeralOwner = 0n): void {
    const parent = this.tree.get(parentOf(path))
    if (parent === undefined || this.tree.has(path)) return
    this.tree.apply(
      {
        type: 'create',
        path,
        data,
        acl: OPEN_ACL,
        ephemeralOwner,
        kind: KIND.plain,
        ttlMs: 0,
        parentCreates: parent.creates + 1,
      },
      ++this.#zxid,
      0,
    )
  }

  set(path: string, data: string): void {
    const node = this.tree.get(path)
    if (node === undefined) return
    this.tree.apply({ type: 'setData', path, data, version: node.version + 1 }, ++this.#zxid, 0)
  }

  delete(path: string): void {
    if (this.tree.get(path)?.childCount === 0) this.tree.remove(path, ++this.#zxid)
  }

  quota(path: string): void {
    let at = '/zookeeper/quota'
    for (const name of path.slice(1).split('/')) {
      at += `/${name}`
      this.create(at)
    }
    this.create(at + LIMITS, 'count=1,bytes=1')
    this.create(at + STATS, '')
  }

  /** As told by a walk over everything. */
  below(path: string): { count: number; bytes: number } {
    let count = 0
    let bytes = this.tree.get(path)?.data?.length ?? 0
    for (const [other, node] of this.tree.entries()) {
      if (!other.startsWith(`${path}/`)) continue
      count++
      bytes += node.data?.length ?? 0
    }
    return { count, bytes }
  }
}

const paths = ['/a', '/b', '/a/a', '/a/b', '/a/a/a', '/a/a/b', '/b/a', '/a/a/a/a']

describe('data tree', () => {
  it('knows how many znodes and bytes lie below each, whatever came and went', () => {
    const change = fc.record({
      kind: fc.constantFrom('create', 'delete', 'set'),
      path: fc.constantFrom(...paths),
      data: fc.string({ maxLength: 9 }),
      owner: fc.constantFrom(0n, 1n, 2n),
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const grown = new Grown()
        const { tree } = grown
        for (const { kind, path, data, owner } of changes) {
          if (kind === 'create') grown.create(path, data, owner)
          else if (kind === 'set') grown.set(path, data)
          else grown.delete(path)
        }
        const loaded = new DataTree()
        loaded.beginLoad()
        const byDepth = [...tree.entries()].sort(
          ([x], [y]) => x.split('/').length - y.split('/').length,
        )
        for (const [path, node] of byDepth) {
          if (path.startsWith('/zookeeper') || path === '/') continue
          const { data, acl, ephemeralOwner } = node
          loaded.loadZnode(path, new Znode({ data, acl, zxid: 1, time: 0, ephemeralOwner }))
        }
        loaded.endLoad()
        for (const path of paths) {
          const node = tree.get(path)
          if (node === undefined) continue
          const { count, bytes } = grown.below(path)
          expect([path, node.descendants, node.subtreeBytes]).to.deep.equal([path, count, bytes])
          const other = loaded.get(path)!
          expect([path, other.descendants, other.subtreeBytes]).to.deep.equal([path, count, bytes])
        }
        const owned = [...tree.entries()].filter(([, node]) => node.ephemeralOwner !== 0n)
        expect(tree.ephemeralCount).to.equal(owned.length)
        expect(loaded.ephemeralCount).to.equal(owned.length)
      }),
    )
  })

  it('a replay over records that are newer ends with the same counts', () => {
    const tree = new DataTree()
    const znode = () => new Znode({ data: 'abc', acl: OPEN_ACL, zxid: 9, time: 0 })
    const create = (path: string, parentCreates: number) =>
      tree.apply(
        {
          type: 'create',
          path,
          data: 'ab',
          acl: OPEN_ACL,
          ephemeralOwner: 0n,
          kind: 0,
          ttlMs: 0,
          parentCreates,
        },
        parentCreates,
        0,
      )
    tree.beginLoad()
    for (const path of ['/a', '/a/a', '/a/a/a']) tree.loadZnode(path, znode())
    create('/a', 1)
    create('/a/a', 2)
    tree.endLoad()
    // The replay goes on with /a/a/a: it was made behind them.
    create('/a/a/a', 3)
    const { descendants, subtreeBytes } = tree.get('/a')!
    expect([descendants, subtreeBytes]).to.deep.equal([2, 6])
  })

  it('a quota counts a tree of 8,000 levels when it comes, and what changes below', () => {
    const grown = new Grown()
    let path = ''
    for (let depth = 0; depth < 8_000; depth++) {
      path += '/d'
      grown.create(path, 'x')
    }
    grown.quota('/d')
    const stats = `/zookeeper/quota/d${STATS}`
    expect(grown.tree.get(stats)!.data).to.equal('count=8000,bytes=8000')
    grown.set(path, 'xyz')
    grown.create(`${path}/e`, 'x')
    expect(grown.tree.get(stats)!.data).to.equal('count=8001,bytes=8003')
    grown.delete(`${path}/e`)
    grown.tree.quotas.rebuild()
    expect(grown.tree.get(stats)!.data).to.equal('count=8000,bytes=8002')
  })

  it('the longest of several quotas takes a change', () => {
    const grown = new Grown()
    for (const path of paths) grown.create(path, 'x')
    grown.quota('/a')
    grown.quota('/a/a/a')
    const statsOf = (path: string) => grown.tree.get(`/zookeeper/quota${path}${STATS}`)!.data
    expect([statsOf('/a'), statsOf('/a/a/a')]).to.deep.equal(['count=6,bytes=6', 'count=2,bytes=2'])
    grown.create('/a/a/a/b', 'xx')
    grown.create('/a/aa', 'xx')
    expect([statsOf('/a'), statsOf('/a/a/a')]).to.deep.equal(['count=7,bytes=8', 'count=3,bytes=4'])
    grown.tree.remove(`/zookeeper/quota/a/a/a${LIMITS}`, 1_000)
    grown.delete('/a/a/a/b')
    expect(statsOf('/a')).to.equal('count=6,bytes=6')
  })
})
