/** The unit of systemd: systemd takes it, judges it as hardened, and the program takes its configuration. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { deployFolder } from './chart.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const read = (name: string): string => readFileSync(join(deployFolder, 'systemd', name), 'utf8')
/** systemd's measure of exposure, from 0 to 100 here: 20 is below "OK". */
const EXPOSURE_MAX = 20

describe('deploy/systemd', function () {
  this.timeout(60_000)
  const folder = temporaryFolder('systemd')
  const unit = join(folder, 'anykeeper.service')

  before(function () {
    requireOrSkip(this, 'systemd')
    // systemd wants the programs to be there.
    const program = join(folder, 'node')
    writeFileSync(program, '')
    chmodSync(program, 0o755)
    writeFileSync(
      unit,
      read('anykeeper.service').replace('ExecStart=/usr/bin/node', `ExecStart=${program}`),
    )
  })
  after(() => removeFolder(folder))

  it('systemd-analyze verify has nothing to say', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], {
      encoding: 'utf8',
    })
    const about = stderr.split('\n').filter((line) => line.includes('anykeeper'))
    expect([status, about]).to.deep.equal([0, []])
  })

  it('it says so when a line is wrong', () => {
    const wrong = join(folder, 'wrong.service')
    writeFileSync(wrong, readFileSync(unit, 'utf8').replace('ProtectHome=', 'ProtectHouse='))
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', wrong], {
      encoding: 'utf8',
    })
    expect(stderr).to.match(/Unknown key.*ProtectHouse/)
  })

  it(`systemd-analyze security finds an exposure of ${EXPOSURE_MAX / 10} at most`, () => {
    const args = ['security', '--no-pager', '--offline=true', `--threshold=${EXPOSURE_MAX}`, unit]
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    expect(status, `${stdout}${stderr}`).to.equal(0)
    console.log(`      ${stdout.trim().split('\n').at(-1)}`)
  })

  it('the program takes the configuration, and stops in less time than systemd gives it', () => {
    const credentials = join(folder, 'credentials')
    mkdirSync(credentials)
    writeFileSync(join(credentials, 'store.url'), 'etcd://127.0.0.1:1\n')
    const conf = read('anykeeper.conf').replace('/run/credentials/anykeeper.service', credentials)
    const path = join(folder, 'anykeeper.conf')
    writeFileSync(path, conf)
    const args = [cli, 'serve', '--config', path, '--check-config']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(status, `${stdout}${stderr}`).to.equal(0)
    const drainMs = Number(/drain-wait=(\d+)/.exec(conf)![1])
    const stopSeconds = Number(/TimeoutStopSec=(\d+)/.exec(read('anykeeper.service'))![1])
    expect(drainMs).to.be.below(stopSeconds * 1_000)
  })
})
