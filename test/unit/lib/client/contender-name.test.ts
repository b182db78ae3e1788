import { expect } from 'chai'
import { systemRandom } from '../../../../lib/base/clock.ts'
import {
  inOrder,
  isReader,
  newContenderName,
  sequenceOf,
} from '../../../../lib/client/recipes/contender-name.ts'

describe('names of contenders', () => {
  it('are those of Curator', () => {
    // Curator 5.9.0, ProtectedUtils: "_c_", a UUID, "-"; LOCK_NAME of InterProcessMutex and LeaderLatch, READ_LOCK_NAME
    // and WRITE_LOCK_NAME of InterProcessReadWriteLock.
    const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
    for (const [kind, end] of [
      ['lock', 'lock-'],
      ['latch', 'latch-'],
      ['read', '__READ__'],
      ['write', '__WRIT__'],
    ] as const) {
      const { base, prefix } = newContenderName('curator', kind, systemRandom)
      expect(base).to.match(new RegExp(`^_c_${uuid}-${end}$`))
      expect(base.startsWith(prefix)).to.equal(true)
      expect(prefix).to.have.length(40)
    }
  })

  it('are those of kazoo', () => {
    // kazoo 2.8.0, recipe/lock.py: uuid4().hex and _NODE_NAME of Lock, ReadLock and WriteLock.
    for (const [kind, end] of [
      ['lock', '__lock__'],
      ['latch', '__lock__'],
      ['read', '__rlock__'],
      ['write', '__lock__'],
    ] as const) {
      const { base, prefix } = newContenderName('kazoo', kind, systemRandom)
      expect(base).to.match(new RegExp(`^[0-9a-f]{32}${end}$`))
      expect(base.startsWith(prefix)).to.equal(true)
    }
  })

  it('are not made for an unknown layout', () => {
    const make = () => newContenderName('mine' as 'kazoo', 'lock', systemRandom)
    expect(make).to.throw(TypeError, 'no such layout: mine')
  })

  it('end in a sequence number, which may be negative', () => {
    const at = (name: string) => [name, sequenceOf(name)]
    expect(
      [
        'lock-0000000007',
        '_c_0b5c-lock-0000000007',
        'aaaaaaaa1111111111__lock__0000000007',
        'lock-2147483647',
        'lock--2147483648',
        'x__lock__-2147483648',
        'lock--000000001',
        '0000000007',
        'config',
        'lock-007',
      ].map(at),
    ).to.deep.equal([
      ['lock-0000000007', 7],
      ['_c_0b5c-lock-0000000007', 7],
      ['aaaaaaaa1111111111__lock__0000000007', 7],
      ['lock-2147483647', 2147483647],
      ['lock--2147483648', -2147483648],
      ['x__lock__-2147483648', -2147483648],
      ['lock--000000001', -1],
      ['0000000007', 7],
      ['config', undefined],
      ['lock-007', undefined],
    ])
  })

  it('say which of them are readers', () => {
    const names = [
      '_c_0b5c-__READ__0000000007',
      'aaaa1111__rlock__0000000007',
      'aaaa1111__rlock__-2147483648',
      '_c_0b5c-__WRIT__0000000007',
      'aaaa1111__lock__0000000007',
      '_c_0b5c-lock-0000000007',
      '_c_0b5c-__READ__',
    ]
    expect(names.filter(isReader)).to.deep.equal(names.slice(0, 3))
  })

  it('stand in the order of their sequence numbers, also where these wrap around', () => {
    const line = ['a__lock__0000000003', '_c_z-lock-0000000001', 'zz__lock__0000000002', 'note']
    expect(inOrder(line)).to.deep.equal([line[1], line[2], line[0]])
    const old = ['x-lock--2147483647', 'x-lock-2147483647', 'x-lock--2147483648']
    expect(inOrder(old)).to.deep.equal([old[1], old[2], old[0]])
  })

  it('are in one order however they are listed, also beside numbers that somebody made up, or that are there twice', () => {
    const line = ['_c_a-lock-0000000005', '_c_b-lock-0000000006', '_c_c-lock-0000000007']
    const madeUp = ['x-1500000000', 'y-3000000000', 'z-lock-0000000005']
    const orders = new Set<string>()
    for (const names of permutations([...line, ...madeUp])) {
      const found = inOrder(names)
      expect(found.filter((name) => line.includes(name))).to.deep.equal(line)
      orders.add(found.join())
    }
    expect(orders.size).to.equal(1)
  })
})

function* permutations(items: readonly string[]): Generator<string[]> {
  if (items.length === 0) yield []
  for (const [place, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(place, 1))) yield [item, ...rest]
  }
}
