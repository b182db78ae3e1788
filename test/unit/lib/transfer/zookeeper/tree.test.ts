/** Transactions over a snapshot that has some of them already, and what becomes of a tree in the end. */
import { expect } from 'chai'
import { OPEN_ACL } from '../../../../../lib/index.ts'
import type { Znode } from '../../../../../lib/model/znode.ts'
import { KIND, Znode as ZnodeClass } from '../../../../../lib/model/znode.ts'
import { finishTree } from '../../../../../lib/transfer/zookeeper/finished-tree.ts'
import { ZookeeperTree } from '../../../../../lib/transfer/zookeeper/tree.ts'
import {
  CONTAINER_OWNER,
  decodeTxn,
  TTL_OWNER,
  TXN,
  type TxnOp,
} from '../../../../../lib/transfer/zookeeper/txn.ts'
import { Pack } from '../../../../support/pack.ts'
import { failure } from './folders.ts'

function node(zxid: number, more: Partial<Znode> = {}): Znode {
  const { ephemeralOwner = 0n } = more
  const made = new ZnodeClass({ data: '', acl: OPEN_ACL, zxid, time: zxid, ephemeralOwner })
  return Object.assign(made, more)
}

/** Of a snapshot at zxid 10. */
function treeOf(
  nodes: Record<string, Znode>,
  sessions: Record<string, number> = {},
): ZookeeperTree {
  const tree = new ZookeeperTree(10)
  for (const [id, timeoutMs] of Object.entries(sessions)) {
    tree.load({ kind: 'session', id: BigInt(id), timeoutMs })
  }
  for (const [path, made] of Object.entries({ '/': node(0), ...nodes })) {
    tree.load({ kind: 'znode', path, node: made, hasAcl: true })
  }
  return tree
}

function apply(tree: ZookeeperTree, zxid: number, ...ops: readonly TxnOp[]): void {
  tree.apply({ clientId: 5n, cxid: 1, zxid, time: zxid, type: 0, ops, digest: undefined })
}

const create = (path: string, parentCVersion: number, ephemeralOwner = 0n): TxnOp => ({
  ...{ op: 'create', path, data: 'new', acl: [], ephemeralOwner, parentCVersion },
})

describe('transfer/zookeeper: the tree', () => {
  it('a create of what is there changes its ACL alone, and the counter of its parent', () => {
    const tree = treeOf({ '/a': node(12, { data: 'later' }) })
    apply(tree, 11, create('/a', 1))
    expect(tree.get('/a')).to.include({ data: 'later', czxid: 12 })
    expect(tree.get('/a')!.acl).to.deep.equal([])
    expect(tree.get('/')).to.include({ creates: 1, pzxid: 11 })
  })

  it('counters and pzxids only grow', () => {
    const tree = treeOf({ '/a': node(1, { creates: 9, pzxid: 15 }) })
    apply(tree, 11, create('/a/x', 4))
    apply(tree, 12, { op: 'delete', path: '/a/x' })
    expect(tree.get('/a')).to.include({ creates: 9, pzxid: 15, childCount: 0 })
    apply(tree, 16, { op: 'delete', path: '/a/never' })
    expect(tree.get('/a')!.pzxid, 'a child that the snapshot has not').to.equal(16)
    apply(tree, 17, create('/a/y', -1))
    expect(tree.get('/a')).to.include({ creates: 10, pzxid: 17 })
  })

  it('the delete of an earlier znode takes a later one with all below it, whose creates follow', () => {
    const tree = treeOf({
      '/a': node(13, { creates: 2 }),
      '/a/b': node(14, { ephemeralOwner: 5n }),
      '/a/c': node(15),
    })
    const { digest } = tree
    apply(tree, 11, { op: 'delete', path: '/a' })
    expect([...tree.entries()].map(([path]) => path)).to.deep.equal(['/'])
    expect(tree.ephemeralsOf(5n).size).to.equal(0)
    apply(tree, 13, create('/a', 2))
    apply(tree, 14, create('/a/b', 1, 5n))
    apply(tree, 15, create('/a/c', 2))
    expect([...tree.get('/a')!.children]).to.deep.equal(['b', 'c'])
    expect([...tree.ephemeralsOf(5n)]).to.deep.equal(['/a/b'])
    expect(tree.digest).to.not.equal(digest)
  })

  it('the digest that is kept up is the one that is computed anew', () => {
    const tree = treeOf({ '/a': node(1), '/ü': node(2, { ephemeralOwner: -5n, data: 'ÿ' }) })
    expect(tree.digest).to.be.a('bigint')
    apply(tree, 11, create('/a/b', 1), create('/zookeeper', 1), create('/zookeeper/x', 1))
    apply(tree, 12, { op: 'setData', path: '/a/b', data: 'x'.repeat(100_000), version: 1 })
    apply(tree, 13, { op: 'setData', path: '/', data: null, version: 1 })
    apply(tree, 14, { op: 'setACL', path: '/a', acl: [], version: 7 })
    apply(tree, 15, { op: 'delete', path: '/ü' }, { op: 'delete', path: '/none/x' })
    const again = new ZookeeperTree(15)
    for (const [path, made] of tree.entries()) {
      again.load({ kind: 'znode', path, node: made, hasAcl: true })
    }
    expect(tree.digest).to.equal(again.digest)
  })

  it('a session ends with the ephemerals that are named, and those that are not', () => {
    const nodes = { '/e': node(1, { ephemeralOwner: 5n }), '/f': node(2, { ephemeralOwner: 5n }) }
    for (const paths of [['/e'], undefined]) {
      const tree = treeOf(nodes, { 5: 1_000 })
      apply(tree, 11, { op: 'closeSession', paths })
      expect(tree.nodeCount).to.equal(1)
      expect(tree.sessions.size).to.equal(0)
      expect(tree.get('/')!.pzxid).to.equal(11)
    }
  })

  it('an ACL that only a transaction has', async () => {
    const tree = treeOf({})
    tree.load({ kind: 'znode', path: '/a', node: node(12), hasAcl: false })
    const error = await failure((async () => finishTree(tree, { withTtl: false }))())
    expect(error.message).to.match(/^1 znodes have ACLs that are not in the snapshot.*\/a$/)
    apply(tree, 12, create('/a', 1))
    expect(() => finishTree(tree, { withTtl: false })).to.not.throw()
  })

  it('containers and TTLs; an owner that is a session is one, unless TTLs are on', () => {
    const owner = TTL_OWNER + 60_000n
    const nodes = () => ({
      '/c': node(1, { ephemeralOwner: CONTAINER_OWNER }),
      '/t': node(2, { ephemeralOwner: owner }),
    })
    const tree = treeOf(nodes())
    const { findings } = finishTree(tree, { withTtl: false })
    expect(findings).to.include({ containers: 1, ttls: 1, deadEphemerals: 0 })
    expect(tree.get('/c')).to.include({ kind: KIND.container, ephemeralOwner: 0n })
    expect(tree.get('/t')).to.include({ kind: KIND.ttl, ttlMs: 60_000, ephemeralOwner: 0n })
    const of255 = treeOf(nodes(), { [`${owner}`]: 4_000 })
    expect(finishTree(of255, { withTtl: false }).findings).to.include({ ttls: 0 })
    expect(of255.get('/t')).to.include({ kind: KIND.plain, ephemeralOwner: owner })
    const both = treeOf(nodes(), { [`${owner}`]: 4_000 })
    expect(finishTree(both, { withTtl: true }).findings).to.include({ ttls: 1 })
  })

  it('ephemerals of sessions that are gone, and ids with the top bit set', () => {
    const owner = -(2n ** 62n) + 7n
    const nodes = {
      '/e': node(1, { ephemeralOwner: owner }),
      '/f': node(2, { ephemeralOwner: 9n }),
    }
    const tree = treeOf(nodes, { [`${owner}`]: 4_000 })
    const { sessions, findings } = finishTree(tree, { withTtl: false })
    expect(findings.deadEphemerals).to.equal(1)
    expect([...sessions.keys()]).to.deep.equal([owner])
    expect(tree.get('/e')).to.include({ ephemeralOwner: owner })
    expect(tree.get('/f')).to.equal(undefined)
  })

  it('ClickHouse Keeper’s own znodes are dropped, and a /keeper of somebody’s is not', () => {
    const own = {
      '/keeper': node(1),
      '/keeper/api_version': node(1),
      '/keeper/feature_flags': node(1),
    }
    const tree = treeOf(own)
    expect(finishTree(tree, { withTtl: false }).findings.keeperZnodes).to.equal(3)
    expect([...tree.entries()].map(([path]) => path)).to.deep.equal(['/'])
    expect([...tree.get('/')!.children]).to.deep.equal([])
    const theirs = treeOf({ ...own, '/keeper/of-the-castle': node(2) })
    expect(finishTree(theirs, { withTtl: false }).findings.keeperZnodes).to.equal(0)
    expect(theirs.nodeCount).to.equal(5)
  })
})

describe('transfer/zookeeper: transactions', () => {
  const head = (type: number) => new Pack().long(5n).int(1).long(7n).long(8n).int(type)
  const digest = (pack: Pack) => pack.int(2).long(9n)

  it('a create of before 3.4 has no counter of its parent', () => {
    const start = () => head(TXN.create).buffer('/a').buffer(null).int(-1).byte(1)
    const { ops } = decodeTxn(start().done())
    expect(ops).to.deep.equal([
      {
        ...{ op: 'create', path: '/a', data: null, acl: OPEN_ACL },
        ...{ ephemeralOwner: 5n, parentCVersion: -1 },
      },
    ])
    expect(decodeTxn(start().int(3).done()).ops[0]).to.include({ parentCVersion: 3 })
    expect(decodeTxn(digest(start().int(3)).done()).digest).to.deep.equal({ version: 2, value: 9n })
  })

  it('the end of a session, with and without paths and digest', () => {
    const paths = (pack: Pack) => pack.int(1).buffer('/abc')
    const found = [
      head(TXN.closeSession),
      digest(head(TXN.closeSession)),
      paths(head(TXN.closeSession)),
      digest(paths(head(TXN.closeSession))),
      digest(head(TXN.closeSession).int(0)),
    ].map((pack) => {
      const { ops, digest: after } = decodeTxn(pack.done())
      return [(ops[0] as { paths?: unknown }).paths, after?.value]
    })
    expect(found).to.deep.equal([
      [undefined, undefined],
      [undefined, 9n],
      [['/abc'], undefined],
      [['/abc'], 9n],
      [[], 9n],
    ])
  })

  it('a session has a timeout, also where a client made it with none', () => {
    for (const [named, known] of [
      [-2_147_483_648, 1],
      [0, 1],
      [1, 1],
      [2_147_483_647, 2_147_483_647],
    ] as const) {
      const { ops } = decodeTxn(head(TXN.createSession).int(named).done())
      expect(ops).to.deep.equal([{ op: 'createSession', timeoutMs: known }])
    }
  })

  it('a multi that failed changes nothing', () => {
    const part = new Pack().buffer('/a').int(-1).done()
    const multi = head(TXN.multi).int(2).int(TXN.delete).buffer(part)
    const failed = multi.int(TXN.error).buffer(new Pack().int(-103).done())
    expect(decodeTxn(failed.done()).ops).to.deep.equal([])
  })

  const wrong: [string, Pack, RegExp][] = [
    ['an unknown type', head(99), /type 99/],
    ['a path that is none', head(TXN.delete).buffer('a'), /"a" is no path/],
    ['something behind it', digest(head(TXN.delete).buffer('/a')).int(1), /4 bytes follow/],
    [
      'a count beyond its bytes',
      head(TXN.closeSession)
        .int(2 ** 30)
        .int(0),
      /vector of/,
    ],
    [
      'a TTL of nothing',
      head(TXN.createTTL).buffer('/a').buffer(null).int(-1).int(1).long(0n),
      /TTL/,
    ],
    [
      'a multi in a multi',
      head(TXN.multi).int(1).int(TXN.multi).buffer(Buffer.alloc(4)),
      /type 14/,
    ],
    ['a header cut short', new Pack().long(5n), /ends early/],
  ]
  for (const [what, pack, says] of wrong) {
    it(`${what}: an error`, () => {
      expect(() => decodeTxn(pack.done())).to.throw(says)
    })
  }
})
