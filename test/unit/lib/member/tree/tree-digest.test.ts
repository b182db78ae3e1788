import { expect } from 'chai'
import fc from 'fast-check'
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
