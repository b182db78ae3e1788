/** Digests that the leader has wrong, as 3.8.0 and 3.9.5 send them for creates whose flags and type are at odds. */
import { expect } from 'chai'
import { OPEN_ACL } from '../../../../../lib/model/acl.ts'
import { Znode } from '../../../../../lib/model/znode.ts'
import { DigestDrift } from '../../../../../lib/transfer/zookeeper/digest-drift.ts'
import { ZookeeperTree } from '../../../../../lib/transfer/zookeeper/tree.ts'
import { termOf } from '../../../../../lib/transfer/zookeeper/tree-digest.ts'
import {
  CONTAINER_OWNER,
  TXN,
  type Txn,
  type TxnOp,
} from '../../../../../lib/transfer/zookeeper/txn.ts'

const SESSION = 0x1000_0000_0001n
const MAX = 2_147_483_647

function create(path: string, ephemeralOwner: bigint): TxnOp {
  return { op: 'create', path, data: 'd', acl: OPEN_ACL, ephemeralOwner, parentCVersion: -1 }
}

const plain = (path: string) => create(path, 0n)
const container = (path: string) => create(path, CONTAINER_OWNER)
const rootData = (data: string): TxnOp => ({ op: 'setData', path: '/', data, version: 1 })

describe('transfer/zookeeper: digests that the leader has wrong', () => {
  let ours: ZookeeperTree
  /** What the leader takes its tree for while changes are outstanding. */
  let theirs: ZookeeperTree
  let drift: DigestDrift
  let zxid = 0

  beforeEach(() => {
    zxid = 1
    ours = new ZookeeperTree(0)
    theirs = new ZookeeperTree(0)
    drift = new DigestDrift()
    for (const tree of [ours, theirs]) {
      tree.load({ kind: 'znode', path: '/', node: Znode.reserved(), hasAcl: true })
    }
  })

  /** @returns whether the leader's digest, of `believed` in place of `op`, is recognised */
  function follows(op: TxnOp, believed = op, type: number = TXN.create): boolean {
    const header = { clientId: SESSION, cxid: 1, zxid: ++zxid, time: 7, type }
    const txn: Txn = { ...header, ops: [op], digest: undefined }
    ours.apply(txn)
    theirs.apply({ ...txn, ops: [believed] })
    const pair = { theirs: theirs.digest, ours: ours.digest }
    return drift.isTheirs(txn, pair, ours.driftView)
  }

  it('a plain znode taken for a container, a container for a plain znode or an ephemeral', () => {
    expect(follows(plain('/a'), container('/a'))).to.equal(true)
    expect(drift.isDrifting).to.equal(true)
    expect(follows(container('/b'), plain('/b'), TXN.createContainer)).to.equal(true)
    expect(follows(container('/c'), create('/c', SESSION), TXN.createContainer)).to.equal(true)
  })

  it('lasts while changes are outstanding, those of that znode too, and ends with the next right one', () => {
    expect(follows(plain('/a'), container('/a'))).to.equal(true)
    expect(follows(plain('/b'))).to.equal(true)
    const set = { op: 'setData', path: '/a', data: 'e', version: 1 } as const
    expect(follows(set)).to.equal(true)
    expect(follows({ op: 'delete', path: '/a' })).to.equal(true)
    expect(drift.isDrifting).to.equal(false)
  })

  it('is over when the leader has applied all: its digest is that of the tree again', () => {
    expect(follows(plain('/a'), container('/a'))).to.equal(true)
    const txn: Txn = {
      ...{ clientId: SESSION, cxid: 1, zxid: ++zxid, time: 7, type: TXN.create },
      ...{ ops: [plain('/b')], digest: undefined },
    }
    ours.apply(txn)
    const pair = { theirs: ours.digest, ours: ours.digest }
    expect(drift.isTheirs(txn, pair, ours.driftView)).to.equal(true)
    expect(drift.isDrifting).to.equal(false)
  })

  /** Changes the root as the leader does on one of its two records. @returns the term of its record before and after */
  function changeRoot(op: TxnOp, type: number, stale: Partial<Znode>): [Txn, bigint] {
    const header = { clientId: SESSION, cxid: 1, zxid: ++zxid, time: 7, type }
    const txn: Txn = { ...header, ops: [op], digest: undefined }
    const root = () => ({ ...ours.get('/')!, ...stale }) as Znode
    const [added, before] = [type === TXN.create ? '/a' : undefined, termOf('/', root(), 0n)]
    ours.apply(txn)
    const after = termOf('/', root(), 0n)
    const node = added === undefined ? 0 : (ours.driftView.term(added) ?? 0)
    return [txn, BigInt(after) - BigInt(before) + BigInt(node)]
  }

  for (const [what, first, firstType, second, secondType, part] of [
    ['set', plain('/b'), TXN.create, rootData('x'), TXN.setData, ['pzxid', 'creates']],
    [
      'with a new child',
      rootData('x'),
      TXN.setData,
      plain('/a'),
      TXN.create,
      ['data', 'mzxid', 'mtime', 'version'],
    ],
  ] as const) {
    it(`the root ${what}, without what is outstanding on its other record`, () => {
      expect(follows(plain('/z'))).to.equal(true)
      const { data, mzxid, mtime, version, pzxid, creates } = ours.get('/')!
      const was = { data, mzxid, mtime, version, pzxid, creates }
      expect(follows(first, first, firstType)).to.equal(true)
      const stale = Object.fromEntries(part.map((name) => [name, was[name]]))
      const sum = ours.digest
      // What it sets is new on its own record.
      const [txn, change] = changeRoot(second, secondType, stale)
      const pair = { theirs: BigInt.asUintN(64, sum + change), ours: ours.digest }
      expect(pair.theirs).not.to.equal(pair.ours)
      expect(drift.isTheirs(txn, pair, ours.driftView)).to.equal(true)
      expect(drift.isDrifting).to.equal(true)
      const late = { theirs: ours.digest, ours: ours.digest }
      expect(drift.isTheirs({ ...txn, zxid: ++zxid }, late, ours.driftView)).to.equal(true)
      expect(drift.isDrifting).to.equal(false)
    })
  }

  describe('a counter that has overflowed', () => {
    const parentOfBoth = (creates: number): void => {
      for (const tree of [ours, theirs]) {
        const node = new Znode({ data: '', acl: OPEN_ACL, zxid: 1, time: 7 })
        node.creates = creates
        tree.load({ kind: 'znode', path: '/full', node, hasAcl: true })
      }
    }
    /** As the leader counts, whose own record has `before`; its pzxid goes on as well. */
    function counts(name: string, before: number): boolean {
      const parentCVersion = (before + 1) | 0
      const op = { ...create(`/full/${name}`, 0n), parentCVersion } as TxnOp
      const node = theirs.get('/full') as Znode
      const header = { clientId: SESSION, cxid: 1, zxid: ++zxid, time: 7, type: TXN.create }
      const txn: Txn = { ...header, ops: [op], digest: undefined }
      ours.apply(txn)
      theirs.apply(txn)
      const [tree, term] = [theirs.digest, BigInt(ours.driftView.term('/full') ?? 0)]
      const [{ creates, pzxid }, believed] = [node, { creates: parentCVersion, pzxid: zxid }]
      expect({ creates, isOlder: pzxid < zxid }).to.deep.equal({ creates: MAX, isOlder: true })
      const own = BigInt(ours.driftView.term('/full', believed) ?? 0)
      const pair = { theirs: BigInt.asUintN(64, tree - term + own), ours: ours.digest }
      return drift.isTheirs(txn, pair, ours.driftView)
    }

    it('is recognised on the leader’s own record, on its tree again, and ends with the next right digest', () => {
      parentOfBoth(MAX)
      for (const [name, before] of [
        ['a', MAX],
        ['b', -MAX - 1],
        ['c', -MAX],
        ['d', MAX],
        ['e', MAX],
      ] as const) {
        expect(counts(name, before), name).to.equal(true)
        expect(drift.isDrifting).to.equal(true)
      }
      expect(follows(plain('/z'))).to.equal(true)
      expect(drift.isDrifting).to.equal(false)
    })

    it('is no excuse for another tree', () => {
      parentOfBoth(MAX)
      const op = { ...create('/full/a', 0n), parentCVersion: -MAX - 1 } as TxnOp
      expect(follows(op, { ...op, data: 'other' } as TxnOp)).to.equal(false)
    })

    it('a create that names no counter keeps it', () => {
      parentOfBoth(MAX)
      expect(follows(create('/full/a', 0n))).to.equal(true)
      expect(ours.get('/full')?.creates).to.equal(MAX)
    })
  })

  describe('of a multi that failed half-way, as 3.6.4 sends it', () => {
    const ERROR: TxnOp = { op: 'error', err: -5 }

    it('says nothing, nor do those behind it, until one is equal', () => {
      expect(follows(ERROR, plain('/half'), TXN.error)).to.equal(true)
      expect(follows(plain('/a'))).to.equal(true)
      expect(drift.isDrifting).to.equal(true)
      // The leader’s own records of the parent, of which nothing is known.
      expect(follows(plain('/b'), { ...plain('/b'), data: 'other' } as TxnOp)).to.equal(true)
      const txn = deleted('/b')
      ours.apply(txn)
      const { digest, driftView } = ours
      expect(drift.isTheirs(txn, { theirs: digest, ours: digest }, driftView)).to.equal(true)
      expect(drift.isDrifting).to.equal(false)
      expect(drift.isTheirs(txn, { theirs: digest + 1n, ours: digest }, driftView)).to.equal(false)
    })

    it('one of the next thousand is equal, or it is another tree', () => {
      expect(follows(ERROR, plain('/half'), TXN.error)).to.equal(true)
      const others = Array.from({ length: 1_000 }, (_, at) => {
        return follows(plain(`/a${at}`), plain(`/b${at}`))
      })
      expect(others.slice(0, 999)).to.not.include(false)
      expect(others[999]).to.equal(false)
    })

    function deleted(path: string): Txn {
      const header = { clientId: SESSION, cxid: 1, zxid, time: 7, type: TXN.delete }
      return { ...header, ops: [{ op: 'delete', path }], digest: undefined }
    }
  })

  for (const [what, op, believed, type] of [
    ['other data', plain('/a'), { ...plain('/a'), data: 'other' } as TxnOp, TXN.create],
    ['another znode', plain('/b'), plain('/c'), TXN.create],
    ['other data of the root', rootData('x'), rootData('y'), TXN.setData],
    ['another owner of a plain znode in a multi', plain('/d'), container('/d'), TXN.multi],
  ] as const) {
    it(`is no excuse for another tree: ${what}`, () => {
      expect(follows(plain('/z'))).to.equal(true)
      expect(follows(op, believed, type)).to.equal(false)
    })
  }
})
