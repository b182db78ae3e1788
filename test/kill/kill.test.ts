/** What was acknowledged survives SIGKILL, of the proxy and of its store. The long run: npm run test:kill. */
import { expect } from 'chai'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import type { BedName } from './beds.ts'
import { type KillReport, killRun } from './kill-run.ts'

async function kill(store: BedName, times: number): Promise<KillReport> {
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  return killRun({ store, times, seed, from: 'dist' }).catch((error: Error) => {
    throw new Error(`SEED=${seed}: ${error.message}`, { cause: error })
  })
}

describe('kill: a server on file: under pipelined load', () => {
  it('20 kills: everything acknowledged is there, nothing twice, sessions right', async function () {
    this.timeout(240_000)
    const report = await kill('file', 20)
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

describe('kill: redis-server under pipelined load, with and without its proxy', () => {
  before(function () {
    requireOrSkip(this, 'redis')
  })

  it('10 kills: everything acknowledged is there, nothing twice, sessions right', async function () {
    this.timeout(240_000)
    const report = await kill('redis', 10)
    expect(report.acknowledged).to.be.at.least(500)
    expect(report.sessionsResumed).to.equal(20)
  })
})
