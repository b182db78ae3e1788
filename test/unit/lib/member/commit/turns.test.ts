import { expect } from 'chai'
import { Turns } from '../../../../../lib/member/commit/turns.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

describe('commit/turns', () => {
  let clock: ManualClock
  let reports: number
  let turns: Turns

  beforeEach(() => {
    clock = new ManualClock()
    reports = 0
    turns = new Turns({ proxy: 'b', clock, onStarved: () => reports++ })
  })

  /** Loses until starvation is reported: from then on there are turns. */
  function contend(): void {
    turns.foreign('a', false, true)
    turns.foreign('a', false, true)
  }

  it('nobody waits while races are won, or lost only now and then', () => {
    for (let i = 0; i < 10; i++) {
      turns.foreign('a', false, true)
      expect(turns.waitMs()).to.equal(0)
      turns.own(false, 4)
      expect(turns.waitMs()).to.equal(0)
      expect(turns.passes).to.equal(false)
    }
    expect(reports).to.equal(0)
  })

  it('who loses twice in a row asks, not more often than it may', async () => {
    contend()
    expect(reports).to.equal(1)
    turns.foreign('a', false, true)
    expect(reports).to.equal(1)
    await clock.advance(100)
    turns.foreign('a', false, true)
    expect(reports).to.equal(2)
  })

  it('waits for the other to pass, then begins at once', async () => {
    contend()
    expect(turns.waitMs()).to.be.greaterThan(0)
    await clock.advance(2)
    turns.foreign('a', false, false)
    expect(turns.waitMs()).to.be.greaterThan(0)
    turns.foreign('a', true, false)
    expect(turns.waitMs()).to.equal(0)
  })

  it('begins when the other has fallen silent', async () => {
    contend()
    await clock.advance(turns.waitMs())
    expect(turns.waitMs()).to.equal(0)
  })

  it('passes with each batch while others wait, and begins again when nobody does', async () => {
    turns.own(false, 4)
    turns.addContender('a')
    expect(turns.passes).to.equal(true)
    turns.own(true, 4)
    expect(turns.waitMs()).to.be.greaterThan(0)
    await clock.advance(turns.waitMs())
    expect(turns.waitMs()).to.equal(0)
  })

  it('goes on for some batches when the others had nothing to write, and waits less for them', async () => {
    turns.addContender('a')
    turns.own(true, 4)
    const patienceMs = turns.waitMs()
    await clock.advance(patienceMs)
    turns.own(false, 4)
    expect(turns.passes).to.equal(false)
    expect(turns.waitMs()).to.equal(0)
    await clock.advance(10)
    expect(turns.passes).to.equal(true)
    turns.own(true, 4)
    expect(turns.waitMs()).to.be.within(1, patienceMs - 1)
    turns.foreign('a', true, false)
    expect(turns.passes, 'a wants its turns again').to.equal(true)
  })

  it('waits for as long as commits take', async () => {
    const waitMs = (commitMs: number) => {
      for (let i = 0; i < 50; i++) turns.own(true, commitMs)
      turns.addContender('a')
      return turns.waitMs()
    }
    expect(waitMs(1)).to.equal(4)
    expect(waitMs(20)).to.be.closeTo(60, 1)
    expect(waitMs(10_000)).to.equal(100)
  })

  it('asks one that does not know that others wait', async () => {
    contend()
    await clock.advance(100)
    expect(turns.waitMs()).to.equal(0)
    turns.foreign('a', true, false)
    turns.foreign('c', true, false)
    expect(turns.waitMs(), 'a is next').to.be.greaterThan(0)
    turns.foreign('a', true, false)
    turns.foreign('c', true, false)
    expect(reports, 'all pass').to.equal(1)
    turns.foreign('c', false, false)
    expect(reports).to.equal(2)
  })

  it('the order is that of the ids, and round at the end', () => {
    turns.addContender('a')
    turns.addContender('c')
    turns.foreign('a', true, false)
    expect(turns.waitMs(), 'behind a').to.equal(0)
    turns.foreign('c', true, false)
    expect(turns.waitMs(), 'behind c and a').to.be.greaterThan(0)
  })

  it('contenders that neither commit nor report starvation are forgotten', async () => {
    turns.addContender('a')
    turns.foreign('a', false, false)
    expect(turns.waitMs()).to.be.greaterThan(0)
    await clock.advance(1_000)
    expect(turns.waitMs()).to.equal(0)
    turns.own(false, 4)
    await clock.advance(1_000)
    expect(turns.passes).to.equal(false)
  })

  it('is not put off for ever by one that never passes', async () => {
    contend()
    let waited = 0
    while (turns.waitMs() > 0 && waited < 1_000) {
      await clock.advance(2)
      waited += 2
      turns.foreign('a', false, false)
    }
    expect(waited).to.be.within(200, 230)
  })
})
