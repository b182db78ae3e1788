/** Ids of sessions that begin at proxies of one server number: another proxy may have drawn it. */
import { expect } from 'chai'
import type { Random } from '../../../../../lib/base/clock.ts'
import { ObserverSessions } from '../../../../../lib/migrate/serve/observer-sessions.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

const SID = 134

describe('ObserverSessions', () => {
  const marked = (mark: number): Random => ({
    bytes: () => Uint8Array.of(mark >> 8, mark & 0xff),
    fraction: () => 0,
  })

  it('of two proxies with one server number never have one id, also in one millisecond', () => {
    const clock = new ManualClock()
    const proxies = [0, 1, 0xffff].map((mark) => new ObserverSessions(clock, marked(mark)))
    const ids = new Set<bigint>()
    for (let turn = 0; turn < 1_000; turn++) {
      for (const proxy of proxies) ids.add(proxy.nextId(SID))
      if (turn % 7 === 0) clock.skip(1)
    }
    expect(ids.size).to.equal(3_000)
  })

  it('marks its ids by chance, unless told otherwise', () => {
    const clock = new ManualClock()
    const ids = Array.from({ length: 64 }, () => new ObserverSessions(clock).nextId(SID))
    expect(new Set(ids).size).to.be.greaterThan(1)
  })

  it('has the server number in the top byte, the time behind it, and grows', () => {
    const clock = new ManualClock()
    const sessions = new ObserverSessions(clock, marked(0xabcd))
    const first = sessions.nextId(SID)
    const time = BigInt.asUintN(40, BigInt(Math.floor(clock.now())))
    expect(BigInt.asUintN(64, first)).to.equal((BigInt(SID) << 56n) | (time << 16n) | 0xabcdn)
    expect(sessions.nextId(SID) - first, 'in the same millisecond').to.equal(0x1_0000n)
    clock.skip(10)
    expect(sessions.nextId(SID) - first).to.equal(0xa_0000n)
  })
})
