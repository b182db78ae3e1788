import { expect } from 'chai'
import fc from 'fast-check'
import { showDigest } from '../../../../../lib/format/digest.ts'
import type { TreeOp } from '../../../../../lib/format/ops.ts'
import { DataTree } from '../../../../../lib/member/tree/data-tree.ts'
import { TreeDigest } from '../../../../../lib/member/tree/tree-digest.ts'
import { OPEN_ACL, READ_ACL } from '../../../../../lib/model/acl.ts'
import { KIND } from '../../../../../lib/model/znode.ts'

const quota = '/zookeeper/quota'
const paths = ['/a', '/a/b', '/a/b/c', '/d', `${quota}/a`, `${quota}/a/zookeeper_limits`]
paths.push(`${quota}/a/zookeeper_stats`)

const path = fc.constantFrom(...paths)
const data = fc.option(fc.string({ maxLength: 12 }), { nil: null })
const op: fc.Arbitrary<TreeOp> = fc.oneof(
  fc.record({
    type: fc.constant('create' as const),
    path,
    data,
    acl: fc.constantFrom(OPEN_ACL, READ_ACL),
    ephemeralOwner: fc.constantFrom(0n, 7n, -(2n ** 60n)),
    kind: fc.constantFrom(KIND.plain, KIND.container, KIND.ttl),
    ttlMs: fc.nat(),
    parentCreates: fc.nat({ max: 30 }),
  }),
  fc.record({ type: fc.constant('delete' as const), path }),
  fc.record({ type: fc.constant('setData' as const), path, data, version: fc.integer() }),
  fc.record({
    type: fc.constant('setACL' as const),
    path,
    acl: fc.constantFrom(OPEN_ACL, READ_ACL),
    aversion: fc.integer(),
  }),
)

function recomputed(tree: DataTree): bigint {
  const digest = new TreeDigest()
  for (const [at, node] of tree.entries()) digest.add(at, node)
  return digest.value
}

describe('tree/tree-digest', () => {
  it('kept up with every change it is what the tree has, quotas included', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
        const tree = new DataTree()
        for (const [zxid, one] of ops.entries()) {
          tree.apply(one, zxid + 1, 1_700_000_000_000 + zxid)
          expect(tree.digest).to.equal(recomputed(tree))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is the same however often it is read in between', () => {
    const step = fc.record({ op, read: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const tree = new DataTree()
        for (const [zxid, { op: one, read }] of steps.entries()) {
          tree.apply(one, zxid + 1, 1_700_000_000_000 + zxid)
          if (read) expect(tree.digest).to.equal(recomputed(tree))
        }
        expect(tree.digest).to.equal(recomputed(tree))
      }),
      { numRuns: 300 },
    )
  })

  it('is the value that stored entries and heads of other proxies have', () => {
    const tree = new DataTree()
    expect(showDigest(tree.digest)).to.equal('c45540fc6372044b')
    const at = { acl: OPEN_ACL, kind: KIND.plain, ttlMs: 0 } as const
    const create = { ...at, type: 'create', parentCreates: 1 } as const
    const [zxid, time] = [2 ** 33 + 5, 1_700_000_000_123]
    tree.apply({ ...create, path: '/ä', data: 'xyz', ephemeralOwner: 0n }, zxid, time)
    tree.apply({ ...create, path: '/ä/b', data: null, ephemeralOwner: -7n }, zxid + 1, time + 1)
    tree.apply({ type: 'setData', path: '/ä', data: 'wxyz', version: -1 }, zxid + 2, time + 2)
    tree.apply(
      { ...create, path: '/t', data: '', ephemeralOwner: 0n, kind: KIND.ttl, ttlMs: 2 ** 35 },
      zxid + 3,
      time + 3,
    )
    expect(showDigest(tree.digest)).to.equal('7172442e33f4139b')
  })

  it('differs where a znode or its place in the history does', () => {
    const create = (data: string) =>
      ({
        type: 'create',
        path: '/a',
        data,
        acl: OPEN_ACL,
        ephemeralOwner: 0n,
        kind: KIND.plain,
        ttlMs: 0,
        parentCreates: 1,
      }) as const
    const digests = [
      ['x', 1],
      ['xy', 1],
      ['x', 2],
    ].map(([text, zxid]) => {
      const tree = new DataTree()
      tree.apply(create(String(text)), Number(zxid), 0)
      return tree.digest
    })
    expect(new Set(digests).size).to.equal(3)
  })
})
