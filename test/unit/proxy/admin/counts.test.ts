import { expect } from 'chai'
import { Histogram, type Keeper } from '../../../../lib/internal.ts'
import { type Counts, OwnCounts, sumCounts } from '../../../../proxy/admin/counts.ts'
import { ServerStats } from '../../../../proxy/stats.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)

describe('proxy/admin/counts', () => {
  const clock = new ManualClock()
  const names = ['commit', 'queue', 'plan', 'apply', 'outage', 'pause', 'heartbeat', 'proof']
  const own = () => {
    const times = Object.fromEntries(names.map((name) => [name, new Histogram()]))
    const keeper = { clock, committer: { counters: { times } } } as unknown as Keeper
    const stats = new ServerStats()
    return { stats, times, counts: new OwnCounts(keeper, stats) }
  }

  it('adds up histograms, operations and errors of all; the counts can be sent as JSON', () => {
    const [one, other] = [own(), own()]
    one.times.commit?.observe(3)
    other.times.commit?.observe(3)
    other.times.commit?.observe(500)
    other.times.proof?.observe(1)
    one.stats.requested(-11)
    other.stats.requested(-11)
    one.stats.failed(-110)
    const sent = JSON.parse(JSON.stringify(other.counts.now())) as Counts
    const { histograms, ops, errors } = sumCounts([one.counts.now(), sent])
    const { count, sumMs, counts, recent } = histograms.commit
    expect([count, sumMs, sum(counts), sum(recent)]).to.deep.equal([3, 506, 3, 3])
    expect(Math.max(...counts)).to.equal(2)
    expect(histograms.proof.count).to.equal(1)
    expect([sum(ops), sum(errors), errors[110]]).to.deep.equal([2, 1, 1])
  })

  it('what is recent is of the last whole minute and of the one that has begun', () => {
    const { times, counts } = own()
    const recent = () => sum(counts.now().histograms.commit.recent)
    times.commit?.observe(1)
    counts.turnOver()
    times.commit?.observe(1)
    expect(recent()).to.equal(2)
    counts.turnOver()
    expect(recent()).to.equal(1)
    counts.turnOver()
    expect([recent(), counts.now().histograms.commit.count]).to.deep.equal([0, 2])
  })
})
