/** A few quick faults of the real servers, with all checks. The long run: npm run test:faults. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { allFaults } from './all-faults.ts'
import { type HistoryLine, plantLostUpdate, plantStaleRead } from './checks/plant.ts'
import { RegisterCheck } from './checks/register-check.ts'
import { Witness } from './checks/witness.ts'
import { Run } from './run.ts'
import { line } from './table.ts'

const quick = [
  'etcd leader moved',
  'all of etcd killed and started',
  'proxy SIGKILL',
  'proxy SIGSTOP 2 s',
]
/** Enough for each of them once; the group's limit ends what hangs. */
const minutes = 1.2

describe('faults: three etcd members, three proxies, 31 clients', () => {
  before(function () {
    requireOrSkip(this, 'etcd')
  })

  it(`nothing lost, doubled, torn or stale: ${quick.join(', ')}`, async function () {
    this.timeout(240_000)
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
    const folder = temporaryFolder('faults-test')
    const faults = allFaults.filter(
      ({ peer, name }) => peer === 'anykeeper' && quick.includes(name),
    )
    const report = await new Run({
      faults,
      minutes,
      timesMax: 1,
      seed,
      folder,
      zookeeperVersion: 'none',
      say: (text) => console.log(text),
      onRow: (row) => console.log(`      ${line(row)}`),
    }).run()
    removeFolder(folder)
    const found = report.violations.map(({ fault, kind, text }) => `[${fault}] ${kind}: ${text}`)
    expect(found, `SEED=${seed}`).to.deep.equal([])
    expect(report.rows.length, 'faults done').to.be.at.least(3)
    expect(report.writes).to.be.at.least(500)
    expect(report.rows.filter(({ lost }) => lost > 0)).to.deep.equal([])
  })
})

describe('faults: the check of registers finds what is planted', () => {
  const process = 'c1'
  const seen = () => new Map<string, number>()
  const kinds = (plant: (check: RegisterCheck) => void): string[] => {
    const witness = new Witness()
    const check = new RegisterCheck(witness)
    check.add('/r', 0, '')
    plant(check)
    return witness.violations.map(({ kind }) => kind)
  }

  it('nothing in a history without fault', () => {
    const found = kinds((check) => {
      check.written(check.call('/r'), { process, value: 'a', version: 1 })
      check.read(check.call('/r'), {
        process,
        value: 'a',
        version: 1,
        isSynced: true,
        seen: seen(),
      })
      check.unknown(check.call('/r'), { process, value: 'b' })
      check.atRest('/r', 2, 'b')
    })
    expect(found).to.deep.equal([])
  })

  it('a stale read behind a sync', () => {
    const found = kinds((check) => {
      check.written(check.call('/r'), { process, value: 'a', version: 1 })
      check.read(check.call('/r'), { process, value: '', version: 0, isSynced: true, seen: seen() })
    })
    expect(found).to.deep.equal(['stale read behind a sync'])
  })

  it('a lost update', () => {
    const found = kinds((check) => {
      check.written(check.call('/r'), { process, value: 'a', version: 1 })
      check.written(check.call('/r'), { process, value: 'b', version: 1 })
    })
    expect(found).to.include('two values of one version')
  })

  it('an acknowledged write that is gone', () => {
    const found = kinds((check) => {
      check.written(check.call('/r'), { process, value: 'a', version: 1 })
      check.atRest('/r', 0, '')
    })
    expect(found).to.include('acknowledged write lost')
  })

  it('a write that happened twice', () => {
    const found = kinds((check) => {
      check.written(check.call('/r'), { process, value: 'a', version: 2 })
      check.atRest('/r', 2, 'a')
    })
    expect(found).to.deep.equal(['a write happened twice'])
  })

  it('a session that goes back', () => {
    const versions = seen()
    const found = kinds((check) => {
      check.written(check.call('/r'), { process, value: 'a', version: 1 })
      for (const [version, value] of [
        [1, 'a'],
        [0, ''],
      ] as const) {
        check.read(check.call('/r'), { process, value, version, isSynced: false, seen: versions })
      }
    })
    expect(found).to.deep.equal(['session went back'])
  })
})

describe('faults: what is planted in a recorded history', () => {
  const recorded = (op: 'read' | 'write', version: number, at: number): HistoryLine => ({
    process: 1,
    key: '/r',
    op,
    value: `v${version}`,
    version,
    call_ns: at,
    return_ns: at + 5,
    outcome: 'ok',
  })
  const history = [recorded('write', 1, 10), recorded('write', 2, 20), recorded('read', 2, 30)]

  it('a read of what was no more', () => {
    expect(plantStaleRead(history)[2]).to.include({ version: 1, value: 'v1' })
  })

  it('a write in the place of another', () => {
    expect(plantLostUpdate(history)[1]).to.include({ version: 1, value: 'v2' })
  })
})
