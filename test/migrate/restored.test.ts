/**
 * What a leader brings a follower that comes back: DIFF, SNAP, and TRUNC where the ensemble was restored from a backup. For
 * ensembles of three, and other releases: npm run test:learner-hunt -- --restored.
 */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { restoredRun } from './restored/restored-run.ts'

describe('migrate: a follower that comes back', function () {
  this.timeout(120_000)

  before(function () {
    requireOrSkip(this, 'zookeeper-3.9')
  })

  it('has the tree of the ensemble, also of one that was restored to an earlier state, without a digest', async () => {
    expect(await restoredRun({ line: '3.9', size: 1, hasDigests: false })).to.deep.equal([
      { name: 'few', snapshots: 0, truncates: 0, differences: [] },
      { name: 'many', snapshots: 1, truncates: 0, differences: [] },
      { name: 'restored', snapshots: 1, truncates: 1, differences: [] },
      { name: 'restored, and further', snapshots: 1, truncates: 1, differences: [] },
    ])
  })
})
