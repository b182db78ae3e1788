import { expect } from 'chai'
import fc from 'fast-check'
import { Layout, prefixEnd } from '../../../../lib/format/layout.ts'
import { depthOf, parentOf } from '../../../../lib/model/path.ts'
import { compareBytes } from '../../../../lib/store/bytes.ts'

const layout = new Layout('/any/where')
const text = (key: Uint8Array): string => Buffer.from(key).toString()
const name = fc
  .string({ unit: fc.constantFrom('a', 'b', '0', '!', '~', 'é', '中', ' '), minLength: 1 })
  .map((s) => s.slice(0, 4))
const path = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(name, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(fc.constant('x'), { minLength: 8, maxLength: 120 }) },
  )
  .map((names) => `/${names.join('/')}`)
const isIn = (key: Uint8Array, range: { start: Uint8Array; end: Uint8Array }): boolean =>
  compareBytes(key, range.start) >= 0 && compareBytes(key, range.end) < 0

describe('znode/layout', () => {
  it('keys are as documented', () => {
    expect(text(layout.head)).to.equal('/any/where/head')
    expect(text(layout.importMarker)).to.equal('/any/where/import')
    expect(text(layout.znode('/'))).to.equal('/any/where/n/a0/')
    expect(text(layout.znode('/a/b'))).to.equal('/any/where/n/a2/a/b')
    expect(text(layout.childRecord('/a'))).to.equal('/any/where/c/a1/a')
    expect(text(layout.znode(`${'/x'.repeat(300)}`))).to.match(/^\/any\/where\/n\/c300\/x/)
    expect(text(layout.journalEntry(255))).to.equal('/any/where/j/00000000000000ff')
    expect(text(layout.session(-1n))).to.equal('/any/where/s/ffffffffffffffff')
    expect(text(layout.proxy('cafe'))).to.equal('/any/where/p/cafe')
  })

  it('a path comes back from its keys, however deep', () => {
    fc.assert(
      fc.property(path, (p) => {
        expect(layout.pathOf(layout.znode(p))).to.equal(p)
        expect(layout.pathOf(layout.childRecord(p))).to.equal(p)
      }),
    )
  })

  it('different paths have different keys, each kind in its own range', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(text(layout.znode(a)) === text(layout.znode(b))).to.equal(a === b)
        expect(isIn(layout.znode(a), layout.znodes)).to.equal(true)
        expect(isIn(layout.childRecord(a), layout.childRecords)).to.equal(true)
        expect(isIn(layout.znode(a), layout.childRecords)).to.equal(false)
      }),
    )
  })

  it('the range of children holds the children and nothing else', () => {
    fc.assert(
      fc.property(path, path, (parent, other) => {
        const isChild = other !== '/' && parentOf(other) === parent
        expect(isIn(layout.znode(other), layout.childrenOf(parent))).to.equal(isChild)
        const child = parent === '/' ? '/x' : `${parent}/x`
        expect(isIn(layout.znode(child), layout.childrenOf(parent))).to.equal(true)
        expect(isIn(layout.znode(`${child}/y`), layout.childrenOf(parent))).to.equal(false)
      }),
    )
  })

  it('keys sort by depth: a parent always comes before its children', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        fc.pre(depthOf(a) < depthOf(b))
        expect(compareBytes(layout.znode(a), layout.znode(b))).to.be.below(0)
      }),
    )
  })

  it('journal entries sort by number', () => {
    const seq = fc.maxSafeNat()
    fc.assert(
      fc.property(seq, seq, (a, b) => {
        const order = compareBytes(layout.journalEntry(a), layout.journalEntry(b))
        expect(Math.sign(order)).to.equal(Math.sign(a - b))
      }),
    )
  })

  it('session and proxy ids come back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => {
        expect(layout.sessionOf(layout.session(id))).to.equal(id)
      }),
    )
    const proxy = '00000000000000ff'
    expect(layout.proxyOf(layout.proxy(proxy))).to.equal(proxy)
  })

  it('the end of a prefix is the first key behind it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.uint8Array(), (prefix, rest) => {
        fc.pre(prefix.some((byte) => byte !== 0xff))
        const end = prefixEnd(prefix)
        expect(compareBytes(Buffer.concat([prefix, rest]), end)).to.be.below(0)
        expect(isIn(end, { start: prefix, end })).to.equal(false)
      }),
    )
    expect(() => prefixEnd(Uint8Array.of(0xff, 0xff))).to.throw(RangeError)
  })

  it('what is no key of a znode is refused', () => {
    const names = [
      'a1',
      'a2/x',
      'a1/x/y',
      'b02/x/y',
      'a1/x/',
      'a1/\u0001',
      'head',
      'n/a1/x',
      'a0/x',
    ]
    for (const name of names) {
      expect(layout.pathOf(Buffer.from(`/any/where/n/${name}`)), name).to.equal(undefined)
    }
    expect(layout.pathOf(Uint8Array.of(...Buffer.from('/any/where/n/a1/'), 0xff))).to.equal(
      undefined,
    )
    for (const name of ['head', '00ff', '00000000000000FF', '0000000000000000/x']) {
      expect(layout.sessionOf(Buffer.from(`/any/where/s/${name}`)), name).to.equal(undefined)
      expect(layout.proxyOf(Buffer.from(`/any/where/p/${name}`)), name).to.equal(undefined)
    }
  })

  it('every key below the prefix is in one range of ours or in one gap', () => {
    const { znodes, childRecords, sessions, proxies, forwarders, journal, gaps } = layout
    const ranges = [znodes, childRecords, sessions, proxies, forwarders, journal, ...gaps]
    const known = ['head', 'epochs', 'import']
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (rest) => {
        fc.pre(!known.includes(rest))
        const key = Buffer.from(`/any/where/${rest}`)
        expect(ranges.filter((range) => isIn(key, range))).to.have.length(1)
      }),
    )
    for (const letter of ['c', 'j', 'n', 'p', 's', 'head', 'x', '']) {
      const key = Buffer.from(`/any/where/${letter}/n/a1/x`)
      expect(
        ranges.filter((range) => isIn(key, range)),
        letter,
      ).to.have.length(1)
    }
  })

  it('keys of a tree with a nested prefix are no keys of ours', () => {
    for (const letter of ['c', 'j', 'n', 'p', 's', 'other']) {
      const nested = new Layout(`/any/where/${letter}`)
      const { head, epochs } = nested
      const keys = [head, epochs, nested.znode('/a/b'), nested.session(7n), nested.journalEntry(9)]
      for (const key of keys) {
        const isOurs =
          (isIn(key, layout.znodes) && layout.pathOf(key) !== undefined) ||
          (isIn(key, layout.childRecords) && layout.pathOf(key) !== undefined) ||
          (isIn(key, layout.sessions) && layout.sessionOf(key) !== undefined) ||
          (isIn(key, layout.proxies) && layout.proxyOf(key) !== undefined) ||
          isIn(key, layout.journal)
        expect(isOurs, text(key)).to.equal(false)
      }
    }
  })
})
