/** When two trees are the same one, and what is said where they are not. */
import { expect } from 'chai'
import { treeDifference, treeHash } from '../../../../lib/migrate/tree-compare.ts'
import { KIND, Znode } from '../../../../lib/model/znode.ts'
import { ZookeeperTree } from '../../../../lib/transfer/zookeeper/tree.ts'
import { CONTAINER_OWNER, TTL_OWNER } from '../../../../lib/transfer/zookeeper/txn.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

function tree(change: (get: (path: string) => Znode, tree: ZookeeperTree) => void = () => {}) {
  const made = new ZookeeperTree(9)
  for (const path of ['/', '/zookeeper', '/zookeeper/config', '/a', '/a/b', '/ü']) {
    const node = new Znode({ data: `of ${path}`, acl: ACL, zxid: 3, time: 1_000 })
    made.load({ kind: 'znode', path, node, hasAcl: true })
  }
  made.load({ kind: 'session', id: -5n, timeoutMs: 30_000 })
  change((path) => made.get(path)!, made)
  return made
}

describe('migrate: comparing trees', () => {
  it('equal trees have one hash, whatever the order of their znodes', () => {
    expect(treeHash(tree()))
      .to.equal(treeHash(tree()))
      .and.to.match(/^[0-9a-f]{64}$/)
    expect(treeDifference(tree(), tree(), 9)).to.deep.equal({ count: 0, first: [] })
  })

  const changes: readonly (readonly [string, Parameters<typeof tree>[0], string])[] = [
    ['data', (get) => void Object.assign(get('/a'), { data: 'other' }), '/a differs in data'],
    [
      'null instead of nothing',
      (get) => void Object.assign(get('/a'), { data: null }),
      '/a differs in data',
    ],
    [
      'an ACL',
      (get) => void Object.assign(get('/a/b'), { acl: [{ ...ACL[0]!, perms: 1 }] }),
      '/a/b differs in acl',
    ],
    ['a counter', (get) => void Object.assign(get('/ü'), { creates: 7 }), '/ü differs in creates'],
    ['a pzxid', (get) => void Object.assign(get('/'), { pzxid: 7 }), '/ differs in pzxid'],
    [
      'an owner',
      (get) => void Object.assign(get('/a'), { ephemeralOwner: 5n }),
      '/a differs in owner',
    ],
    ['a znode less', (_, made) => made.drop('/a/b'), '/a/b is missing here'],
    [
      'a session less',
      (_, made) => void made.sessions.delete(-5n),
      'session 0xfffffffffffffffb is missing here',
    ],
    ['a session more', (_, made) => void made.sessions.set(6n, 1), 'session 0x6 is here alone'],
    [
      'a timeout',
      (_, made) => void made.sessions.set(-5n, 1),
      'session 0xfffffffffffffffb has a timeout of 30000 ms, here 1 ms',
    ],
  ]
  for (const [what, change, sentence] of changes) {
    it(`${what}: another hash, and a sentence`, () => {
      expect(treeHash(tree(change))).not.to.equal(treeHash(tree()))
      expect(treeDifference(tree(), tree(change), 9)).to.deep.equal({ count: 1, first: [sentence] })
    })
  }

  it('a znode that is here alone', () => {
    const more = tree((_, made) => made.drop('/a/b'))
    expect(treeDifference(more, tree(), 9).first).to.deep.equal(['/a/b is here alone'])
  })

  it('all are counted, and only as many said as wanted', () => {
    const other = tree((get) => {
      for (const path of ['/', '/a', '/ü']) get(path).version = 5
    })
    const { count, first } = treeDifference(tree(), other, 2)
    expect([count, first.length]).to.deep.equal([3, 2])
  })

  it('/zookeeper/config is each server’s own', () => {
    const without = tree((_, made) => made.drop('/zookeeper/config'))
    expect(treeHash(without)).to.equal(treeHash(tree()))
    expect(treeDifference(without, tree(), 9).count).to.equal(0)
    expect(treeDifference(tree(), without, 9).count).to.equal(0)
    const other = tree((get) => {
      get('/zookeeper/config').data = ''
      get('/zookeeper/config').mtime = 5
    })
    expect(treeHash(other)).to.equal(treeHash(tree()))
  })

  it('kinds are the same as the owners that say so', () => {
    const theirs = tree((get) => {
      get('/a').ephemeralOwner = CONTAINER_OWNER
      get('/ü').ephemeralOwner = TTL_OWNER + 5n
    })
    const ours = tree((get) => {
      get('/a').kind = KIND.container
      get('/ü').kind = KIND.ttl
      get('/ü').ttlMs = 5
    })
    expect(treeHash(ours)).to.equal(treeHash(theirs))
  })
})
