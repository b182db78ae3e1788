/** An unmodified ensemble of three, followed under load while its leaders are killed. For longer: npm run test:learner-hunt. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { learnerRun } from './learner-run.ts'

const KILLS = 2

describe('migrate: following an ensemble', function () {
  this.timeout(240_000)

  before(function () {
    requireOrSkip(this, 'zookeeper')
  })

  it('after each killed leader the followed tree is that of a new snapshot, at the same zxid', async () => {
    const report = await learnerRun({ line: '3.8', kills: KILLS, seed: 11 })
    expect(report.problems).to.deep.equal([])
    expect(report.verdicts.map(({ difference }) => difference.first)).to.deep.equal([[], []])
    expect(report.verdicts.every(({ isEqual, znodes }) => isEqual && znodes > 10)).to.equal(true)
    expect(report.transactions).to.be.at.least(300 * KILLS)
    expect(report.digestsEqual).to.be.at.least(150 * KILLS)
    // From the first one on, each leader had what was missing.
    expect(report.snapshots).to.equal(1)
    // So has each follower, whose observerMasterPort a second tree is followed by.
    expect(report.masters).to.include({ isFirst: true, snapshots: 1 })
    expect(report.masters?.problems).to.deep.equal([])
    expect(report.masters?.digestsEqual).to.be.at.least(150 * KILLS)
  })
})
