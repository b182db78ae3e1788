import { expect } from 'chai'
import { systemRandom } from '../../lib/base/clock.ts'

describe('systemRandom', () => {
  it('gives out each byte once, across draws of all sizes', () => {
    const seen = new Set<string>()
    const counts = [16, 16, 4_000, 100, 4_096, 16, 5_000, 4_090, 16]
    const given = Array.from({ length: 200 }, (_, i) => systemRandom.bytes(counts[i % 9]!))
    for (const [i, bytes] of given.entries()) {
      expect(bytes).to.have.length(counts[i % 9]!)
      for (let at = 0; at + 8 <= bytes.length; at += 8) {
        seen.add(Buffer.from(bytes.subarray(at, at + 8)).toString('hex'))
      }
    }
    const expected = given.reduce((sum, { length }) => sum + Math.floor(length / 8), 0)
    expect(seen.size).to.equal(expected)
    expect(seen.has('0'.repeat(16))).to.equal(false)
  })

  it('gives nothing for nothing', () => {
    expect(systemRandom.bytes(0)).to.have.length(0)
  })
})
