import { expect } from 'chai'
import fc from 'fast-check'
import type { Clock, Random } from '../../../../../lib/base/clock.ts'
import {
  passwordDigest,
  SessionIds,
  samePassword,
} from '../../../../../lib/member/session/password.ts'

const clockAt = (times: () => number): Clock => ({
  now: times,
  monotonic: () => 0,
  after: () => () => {},
})
const random = (fraction: number): Random => ({
  fraction: () => fraction,
  bytes: (count) => new Uint8Array(count),
})

describe('session/password', () => {
  it('ids are positive int64, never 0, never the same twice, whatever the clock does', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 2 ** 45 }), { minLength: 1, maxLength: 50 }),
        (fraction, times) => {
          let at = 0
          const ids = new SessionIds(
            clockAt(() => times[at++ % times.length]!),
            random(fraction),
          )
          const seen = new Set<bigint>()
          for (let i = 0; i < 2 * times.length; i++) {
            const id = ids.next()
            expect(id > 0n && id < 2n ** 63n, `${id}`).to.equal(true)
            seen.add(id)
          }
          expect(seen.size).to.equal(2 * times.length)
        },
      ),
    )
  })

  it('a thousand in one millisecond are different, and rise', () => {
    const ids = new SessionIds(
      clockAt(() => 1_700_000_000_000),
      random(0.5),
    )
    let last = 0n
    for (let i = 0; i < 1_000; i++) {
      const next = ids.next()
      expect(next > last).to.equal(true)
      last = next
    }
  })

  it('the top byte is the server number: none that a TTL or container owner begins with', () => {
    for (const fraction of [0, 0.3, 0.999999]) {
      const id = new SessionIds(
        clockAt(() => 1),
        random(fraction),
      ).next()
      expect(Number(id >> 56n)).to.be.within(1, 126)
    }
  })

  it('a password is the same or not, by its digest', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(samePassword(passwordDigest(a), b)).to.equal(Buffer.compare(a, b) === 0)
        expect(samePassword(passwordDigest(a), a)).to.equal(true)
      }),
    )
    expect(samePassword('', new Uint8Array(16))).to.equal(false)
    expect(samePassword('zz', new Uint8Array(16))).to.equal(false)
  })
})
