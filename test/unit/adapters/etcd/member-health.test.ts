import { expect } from 'chai'
import { MemberHealth } from '../../../../adapters/etcd/member-health.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

describe('etcd/member-health', () => {
  let clock: ManualClock
  let probed: { atMs: number; index: number }[]
  /** Members that answer probes. */
  let well: Set<number>
  let health: MemberHealth

  beforeEach(() => {
    clock = new ManualClock()
    probed = []
    well = new Set([0, 1, 2])
    health = new MemberHealth({
      count: 3,
      clock,
      probe: async (index) => {
        probed.push({ atMs: clock.monotonic(), index })
        return well.has(index)
      },
    })
  })

  it('uses the preferred member, and the next one while that is suspected', () => {
    expect(health.choose(2)).to.equal(2)
    health.suspect(2)
    expect(health.choose(2)).to.equal(0)
    health.suspect(0)
    expect(health.choose(2)).to.equal(1)
    expect(health.choose(1)).to.equal(1)
  })

  it('with all suspected, goes through them: the one suspected or used longest ago is next', () => {
    for (const index of [1, 0, 2]) health.suspect(index)
    const used = [2, 2, 2, 2, 2].map((preferred) => health.choose(preferred))
    expect(used).to.deep.equal([1, 0, 2, 1, 0])
  })

  it('trusts one again that has answered a call, without a probe', async () => {
    health.suspect(0)
    expect(health.isSuspected(0)).to.equal(true)
    health.answered(0)
    expect(health.isSuspected(0)).to.equal(false)
    expect(health.choose(0)).to.equal(0)
    await clock.advance(60_000)
    expect(probed).to.deep.equal([])
  })

  it('avoids a suspected member until it has answered a probe', async () => {
    well.delete(0)
    health.suspect(0)
    await clock.advance(5_500)
    expect(health.choose(0)).to.equal(1)
    expect(probed.map(({ atMs }) => atMs)).to.deep.equal([1_000, 2_000, 3_000, 4_000, 5_000])
    well.add(0)
    await clock.advance(1_000)
    expect(health.choose(0)).to.equal(0)
    await clock.advance(60_000)
    expect(probed.length).to.equal(6)
  })

  it('trusts one that fails again and again later each time, but forgets in the end', async () => {
    const untilTrusted = async (): Promise<number> => {
      health.suspect(1)
      const sinceMs = clock.monotonic()
      while (health.choose(1) !== 1) await clock.advance(100)
      return clock.monotonic() - sinceMs
    }
    const tookMs: number[] = []
    for (let times = 0; times < 6; times++) tookMs.push(await untilTrusted())
    expect(tookMs).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 16_000])
    await clock.advance(60_000)
    expect(await untilTrusted()).to.equal(1_000)
  })

  it('a suspicion while it is suspected begins no second row of probes', async () => {
    well.delete(0)
    for (let times = 0; times < 10; times++) health.suspect(0)
    await clock.advance(3_500)
    expect(probed.length).to.equal(3)
  })

  it('closed, it probes no more', async () => {
    health.suspect(0)
    health.close()
    await clock.advance(10_000)
    expect(probed).to.deep.equal([])
  })

  it('the only member is used whatever it did', async () => {
    const alone = new MemberHealth({ count: 1, clock, probe: async () => false })
    alone.suspect(0)
    expect(alone.choose(0)).to.equal(0)
    await clock.advance(10_000)
  })
})
