import { expect } from 'chai'
import fc from 'fast-check'
import {
  childOf,
  depthOf,
  isReservedPath,
  isValidPath,
  nameOf,
  parentOf,
} from '../../../../lib/model/path.ts'

/** The rules once more, one after the other, as PathUtils.validatePath states them. */
function isValidByTheRules(path: string): boolean {
  if (!path.startsWith('/')) return false
  if (path === '/') return true
  if (path.endsWith('/')) return false
  if (path.includes('//')) return false
  if (path.split('/').some((part) => part === '.' || part === '..')) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  return !/[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/.test(path)
}

const part = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    '...',
    'a',
    '.a',
    'a.',
    '-',
    ' ',
    'é',
    '中',
    '\ud800',
    '\u{1f600}',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const path = fc
  .tuple(fc.constantFrom('', '/', '//'), fc.array(part, { maxLength: 5 }))
  .map(([start, parts]) => start + parts.join('/'))
const validName = fc
  .string({ unit: fc.constantFrom('a', 'B', '0', '.', '-', ' ', 'é', '中'), minLength: 1 })
  .filter((name) => name !== '.' && name !== '..')
const validPath = fc.array(validName, { maxLength: 6 }).map((names) => `/${names.join('/')}`)

describe('znode/path', () => {
  it('isValidPath agrees with the rules', () => {
    fc.assert(
      fc.property(path, (text) => {
        expect(isValidPath(text)).to.equal(isValidByTheRules(text))
      }),
      { numRuns: 2_000 },
    )
  })

  it('every single unit is allowed or not, as the rules say', () => {
    for (let unit = 0; unit <= 0xffff; unit++) {
      const text = `/a${String.fromCharCode(unit)}b`
      if (isValidPath(text) !== isValidByTheRules(text)) expect.fail(`U+${unit.toString(16)}`)
    }
  })

  it('takes paths apart and together again', () => {
    fc.assert(
      fc.property(validPath, validName, (parent, name) => {
        const child = childOf(parent, name)
        expect(isValidPath(child)).to.equal(true)
        expect(parentOf(child)).to.equal(parent)
        expect(nameOf(child)).to.equal(name)
        expect(depthOf(child)).to.equal(depthOf(parent) + 1)
      }),
    )
  })

  it('the root has depth 0 and is its own parent', () => {
    expect([depthOf('/'), parentOf('/'), parentOf('/a')]).to.deep.equal([0, '/', '/'])
  })

  it('reserved are the root and three below /zookeeper, nothing near them', () => {
    const reserved = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']
    const others = ['', '/zookeeper/', '/zookeeper/quota/x', '/zookeeperx', '/a', '/zookeeper/x']
    expect(reserved.map(isReservedPath)).to.deep.equal(reserved.map(() => true))
    expect(others.map(isReservedPath)).to.deep.equal(others.map(() => false))
  })
})
