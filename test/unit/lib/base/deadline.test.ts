import { expect } from 'chai'
import { deadline, GRACE_MS } from '../../../../lib/base/deadline.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

describe('deadline', () => {
  function bench() {
    const clock = new ManualClock()
    const runs: number[] = []
    const cancel = deadline(clock, 1_000, () => runs.push(clock.monotonic()))
    return { clock, runs, cancel }
  }

  it('runs in time, and once', async () => {
    const { clock, runs } = bench()
    await clock.advance(5_000)
    expect(runs).to.deep.equal([1_000])
  })

  it('leaves a process that was paused time to read what has arrived', async () => {
    const { clock, runs } = bench()
    await clock.jump(6_000)
    expect(runs).to.deep.equal([])
    await clock.advance(GRACE_MS)
    expect(runs).to.deep.equal([6_000 + GRACE_MS])
  })

  it('is cancelled before and during that time', async () => {
    const before = bench()
    before.cancel()
    await before.clock.advance(5_000)
    const during = bench()
    await during.clock.jump(6_000)
    during.cancel()
    await during.clock.advance(5_000)
    expect([before.runs, during.runs]).to.deep.equal([[], []])
  })
})
