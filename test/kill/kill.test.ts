/** What a server on a file store acknowledged survives SIGKILL. The long run: npm run test:kill. */
import { expect } from 'chai'
import { killRun } from './kill-run.ts'

describe('kill: a server on file: under pipelined load', () => {
  it('20 kills: everything acknowledged is there, nothing twice, sessions right', async function () {
    this.timeout(240_000)
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
    const report = await killRun({ times: 20, seed, from: 'dist' }).catch((error: Error) => {
      throw new Error(`SEED=${seed}: ${error.message}`, { cause: error })
    })
    expect(report.acknowledged).to.be.at.least(1_000)
    expect(report.sessionsResumed).to.equal(40)
  })
})
