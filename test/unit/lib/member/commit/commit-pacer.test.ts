import { expect } from 'chai'
import { CommitPacer } from '../../../../../lib/member/commit/commit-pacer.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

describe('commit/commit-pacer', () => {
  let clock: ManualClock
  let gathered: number
  let pacer: CommitPacer

  beforeEach(() => {
    clock = new ManualClock()
    gathered = 0
    pacer = new CommitPacer({ clock, onDue: () => {}, onGathered: () => gathered++ })
  })

  /** One is answered while another waits. true: it waits for the one that was answered. */
  function answeredOne(): boolean {
    pacer.gather(1, 1, clock.monotonic())
    return pacer.isGathering
  }

  it('waits for a client that was just answered, and no longer than until it sends', () => {
    expect(answeredOne()).to.equal(true)
    pacer.queued(2)
    expect(pacer.isGathering).to.equal(false)
    expect(gathered).to.equal(1)
  })

  it('waits for two milliseconds at most', async () => {
    answeredOne()
    await clock.advance(1.9)
    expect(gathered).to.equal(0)
    await clock.advance(0.1)
    expect(gathered).to.equal(1)
  })

  it('waits ever more seldom for clients that do not send again, and again for those that do', async () => {
    const waits: number[] = []
    for (let chance = 0; chance < 300; chance++) {
      if (!answeredOne()) continue
      waits.push(chance)
      await clock.advance(2)
    }
    // 1, 2, 4 … 64 chances pass between one wait and the next.
    expect(waits).to.deep.equal([0, 2, 5, 10, 19, 36, 69, 134, 199, 264])
    while (!answeredOne());
    pacer.queued(2)
    expect(answeredOne()).to.equal(true)
    pacer.queued(2)
  })

  it('takes the wait for worth it when half of them have come', async () => {
    pacer.gather(1, 4, clock.monotonic())
    pacer.queued(2)
    pacer.queued(3)
    await clock.advance(2)
    expect(answeredOne()).to.equal(true)
    pacer.queued(2)
    pacer.gather(1, 4, clock.monotonic())
    pacer.queued(2)
    await clock.advance(2)
    expect(answeredOne()).to.equal(false)
  })
})
