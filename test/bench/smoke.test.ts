/**
 * Every suite of the bench once, as small as it can be: that it runs and tells what it should. What
 * it measures is not looked at, so they run two at a time.
 */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const PROGRAM = fileURLToPath(new URL('../../bench/main.ts', import.meta.url))
const AT_A_TIME = 2
const KINDS = [
  'exists-miss',
  'sequential',
  'create-delete',
  'sessions',
  'heartbeats:20',
  'set-watches:1000',
  'value-set:2048',
  'deep-create:4',
  'idle:2',
]

describe('bench: every suite', function () {
  this.timeout(120_000)
  const profiles = temporaryFolder('bench-profile')
  const jobs: [args: string[], check: (text: string) => void][] = [
    [
      ['loads', '--only', 'get,create', '--profile', profiles],
      (text) => {
        expect(text).to.match(/\| \*\*get\*\*: .* \| 4 \| (yes|no)/)
        expect(text).to.match(/\| \*\*create\*\*: .* \| 1.2 \| (yes|no)/)
        const found = readdirSync(profiles).filter((name) => name.endsWith('.cpuprofile'))
        expect(found).to.have.length(1)
      },
    ],
    [
      ['stores', '--peers', 'memory', '--only', KINDS.join(',')],
      (text) => {
        for (const load of KINDS) expect(text).to.contain(`| **${load}**`)
      },
    ],
    [
      ['sustained', '--peers', 'memory,file', '--only', 'create-sustained', '--seconds', '1'],
      (text) => expect(text).to.contain('second half ÷ first'),
    ],
    [
      ['latency', '--peers', 'anykeeper', '--only', 'set'],
      (text) => expect(text).to.contain('| set, anykeeper |').and.to.contain('| put, etcd alone |'),
    ],
    [['cold-start'], (text) => expect(text).to.match(/\n\| 1,000 \| /)],
    [
      ['memory'],
      (text) => {
        for (const name of ['ZooKeeper', 'anykeeper’s proxy', 'its etcd']) {
          expect(text).to.contain(`\n| ${name} | 1,000 |`)
        }
      },
    ],
    [
      ['growth', '--peers', 'memory', '--only', 'watch:1', '--sizes', '1,2'],
      (text) => expect(text).to.contain('last ÷ first, CPU'),
    ],
    [
      ['proxies', '--only', 'set'],
      (text) => expect(text).to.contain('| load | anykeeper | anykeeper × 3 | ZooKeeper × 3 |'),
    ],
    [
      ['changes'],
      (text) => expect(text).to.match(/\| reading them: CPU µs for each \| \*\*[\d.]+/),
    ],
  ]
  let running: Promise<string>[] = []

  before(function () {
    requireOrSkip(this, 'etcd', 'zookeeper')
    running = inTurns(
      jobs.map(
        ([args]) =>
          () =>
            bench(args),
      ),
    )
  })
  after(() => removeFolder(profiles))

  for (const [i, [args, check]] of jobs.entries()) {
    it(args[0]!, async () => {
      const text = await running[i]!
      check(text)
      expect(text).to.not.contain('errors)')
    })
  }
})

async function bench(args: readonly string[]): Promise<string> {
  const all = ['--import', 'tsx', PROGRAM, ...args, '--quick']
  const { stdout } = await promisify(execFile)(process.execPath, all)
  return stdout
}

/** Started in order, so many at a time. */
function inTurns(jobs: readonly (() => Promise<string>)[]): Promise<string>[] {
  const all: Promise<string>[] = []
  for (const job of jobs) {
    // Whether the one before went well is another test's matter.
    const turn = all.at(-AT_A_TIME)?.catch(() => {})
    const promise = turn === undefined ? job() : turn.then(job)
    promise.catch(() => {})
    all.push(promise)
  }
  return all
}
