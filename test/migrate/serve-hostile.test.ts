/**
 * What one client can send, through a proxy that serves while a real ZooKeeper leads, must not end the connection of the proxy to its
 * leader, which is that of all its clients. All frames, on all release lines: `npm run test:serve-while-following-hunt -- --frames .`
 */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { hostileRun } from './hostile/hostile-run.ts'

describe('migrate: hostile requests while ZooKeeper leads', function () {
  this.timeout(120_000)
  before(function () {
    requireOrSkip(this, 'zookeeper-3.9')
  })

  it('another client of the proxy stays connected, and its writes are acknowledged', async () => {
    const report = await hostileRun({ line: '3.9', only: /^(?!op )/ })
    expect(report.problems).to.deep.equal([])
    expect(report.disconnects).to.equal(0)
    // A multi of 5,000 checks, three that are made for it, and the one byte too many.
    expect(report.tooLong).to.equal(5)
    expect(report.frames).to.be.greaterThan(100)
  })
})
