/** The persistent map, beside a Map: each version stays what it was. */
import { expect } from 'chai'
import fc from 'fast-check'
import { PersistentMap } from '../../../../lib/client/cache/persistent-map.ts'

/** Two names with one hash (FNV-1a, 32 bits), found by search. */
const SAME_HASH = ['costarring', 'liquid', 'declinate', 'macallums', 'altarage', 'zinke']

describe('client/persistent map', () => {
  const keys = fc.oneof(
    fc.constantFrom(...SAME_HASH),
    fc.nat(200).map((n) => `k${n}`),
  )
  const steps = fc.array(fc.record({ key: keys, isPut: fc.boolean(), value: fc.nat() }), {
    maxLength: 300,
  })

  it('is what a Map is, and no version changes any more', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const map = new Map<string, number>()
        let own = PersistentMap.empty<number>()
        const versions: [PersistentMap<number>, [string, number][]][] = []
        for (const { key, isPut, value } of all) {
          if (isPut) map.set(key, value)
          else map.delete(key)
          own = isPut ? own.with(key, value) : own.without(key)
          expect(own.get(key)).to.equal(map.get(key))
          versions.push([own, [...map]])
        }
        for (const [version, entries] of versions) {
          expect(version.size).to.equal(entries.length)
          expect([...version].sort()).to.deep.equal(entries.sort())
          for (const [key, value] of entries) expect(version.get(key)).to.equal(value)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('holds many, and shares what did not change', () => {
    let map = PersistentMap.empty<number>()
    for (let i = 0; i < 50_000; i++) map = map.with(`/node-${i}`, i)
    expect(map.size).to.equal(50_000)
    const other = map.with('/node-7', -1)
    expect([map.get('/node-7'), other.get('/node-7')]).to.deep.equal([7, -1])
    for (let i = 0; i < 50_000; i++) map = map.without(`/node-${i}`)
    expect([map.size, [...map], other.size]).to.deep.equal([0, [], 50_000])
  })
})
