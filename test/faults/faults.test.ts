/** A few quick faults on the real bed: no violation; and what porcupine says of their history. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { allFaults } from './all-faults.ts'
import { judgeHistory, judgePlanted } from './checks/linearizability.ts'
import { Run, type RunReport } from './run.ts'

const runbook = 'older snapshot restored, revision bumped'

const names = [
  'etcd leader SIGKILL',
  'proxy SIGKILL',
  'history compacted while a feed is held',
  // The runbook of docs/operations.md.
  runbook,
]

describe('real faults', function () {
  this.timeout(240_000)
  let folder: string | undefined
  let report: RunReport
  let history: string

  before(async function () {
    requireOrSkip(this, 'etcd', 'etcdctl', 'etcdutl', 'porcupine')
    folder = temporaryFolder('faults-test')
    const faults = allFaults.filter(
      ({ peer, name }) => peer === 'anykeeper' && names.includes(name),
    )
    report = await new Run({
      faults,
      minutes: 60,
      timesMax: 1,
      seed: 1,
      folder,
      zookeeperVersion: 'none',
      say: (line) => console.log(`      ${line}`),
    }).run()
    history = readFileSync(join(folder, 'registers.jsonl'), 'utf8')
  })

  after(() => {
    if (folder !== undefined) removeFolder(folder)
  })

  it('each was done, under a load that wrote and read', () => {
    expect(report.rows.map(({ name }) => name)).to.have.members(names)
    expect(report.skipped).to.deep.equal([])
    expect(report.writes).to.be.above(0)
    expect(report.reads).to.be.above(0)
  })

  it('no check is violated, and no session is lost but where history is', () => {
    expect(report.violations).to.deep.equal([])
    for (const { name, lost } of report.rows) {
      if (name !== runbook) expect(lost, name).to.equal(0)
    }
  })

  it('what the registers showed is linearizable, says porcupine', () => {
    const { registers, operations, isLinearizable, output } = judgeHistory(history)
    expect(registers).to.be.above(0)
    expect(operations).to.be.above(100)
    expect(isLinearizable, output).to.equal(true)
  })

  it('with a stale read or a lost update planted in it, it is not', () => {
    expect(judgePlanted(history)).to.deep.equal({ staleReadFound: true, lostUpdateFound: true })
  })
})
