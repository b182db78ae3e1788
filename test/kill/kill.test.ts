/** What a server on a file store acknowledged survives SIGKILL. The long run: npm run test:kill. */
import { expect } from 'chai'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
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

  it('a second server on the folder ends with a sentence, the first one goes on', async function () {
    this.timeout(60_000)
    const folder = temporaryFolder('second-server')
    const store = `file:${folder}`
    const first = await startAnykeeper({ store })
    try {
      const second = await startAnykeeper({ store }).catch((error: Error) => error.message)
      expect(second)
        .to.match(/exit 1/)
        .and.match(/is in use by process \d+: a file store serves one/)
      expect(await first.fourLetterWord('ruok')).to.equal('imok')
      await first.stop()
      const third = await startAnykeeper({ store })
      await third.stop()
    } finally {
      await first.kill()
      removeFolder(folder)
    }
  })
})
