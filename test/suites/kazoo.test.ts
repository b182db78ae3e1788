/** kazoo's own tests, unchanged, on the servers of a test bed: see test/suites/kazoo/. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { kazooSuitePython, requireOrSkip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import {
  type BedOutcomes,
  documented,
  expectAllPassed,
  type Outcome,
  passed,
  rows,
} from './outcomes.ts'
import { startTestBeds, type TestBed } from './test-bed.ts'

const pluginFolder = fileURLToPath(new URL('kazoo/', import.meta.url))
const runMinutesMax = 7
const testSecondsMax = 120

/** Many of its tests are races against the clock: what failed may run once more, alone. */
const retriedMax = 5

describe('kazoo', () => {
  let beds: TestBed[] = []
  const results = new Map<TestBed['name'], BedOutcomes>()
  const notApplicable = new Set(documented('kazoo: not applicable'))

  before(async function () {
    this.timeout((runMinutesMax + 2) * 60_000)
    requireOrSkip(this, 'etcd', 'zookeeper', 'kazoo-suite')
    beds = await startTestBeds()
    const runs = beds.map(async (bed) => {
      results.set(bed.name, { bed: bed.name, outcomes: await runTwice(bed) })
    })
    await Promise.all(runs)
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') for (const bed of beds) console.log(bed.output)
  })

  after(async function () {
    this.timeout(60_000)
    await Promise.all(beds.map((bed) => bed.stop()))
  })

  async function runTwice(bed: TestBed): Promise<Outcome[]> {
    const first = await runTests(bed, ['--pyargs', 'kazoo.tests', ...deselected()])
    const failed = first.filter(({ ok }) => !ok).map(({ name }) => name)
    if (failed.length === 0 || failed.length > retriedMax) return first
    await bed.revive()
    for (const name of failed) console.log(`      once more on ${bed.name}: ${name}`)
    const second = await runTests(bed, ['--pyargs', ...failed.map(moduleName)])
    return [...first.filter(({ ok }) => ok), ...second]
  }

  function deselected(): string[] {
    return ['-k', [...notApplicable].map((name) => `not ${keyword(name)}`).join(' and ')]
  }

  it('all pass on ZooKeeper', () => expectAllPassed(results.get('zookeeper')!))

  it('all pass on anykeeper', () => expectAllPassed(results.get('anykeeper')!))

  it('the pass lists are the same, and as long as docs/suites.md says', () => {
    const list = passed(results.get('zookeeper')!.outcomes)
    expect(passed(results.get('anykeeper')!.outcomes)).to.deep.equal(list)
    const counts = rows('kazoo').map(([name, count]) => [name, Number(count)])
    expect(countByClass(list)).to.deep.equal(Object.fromEntries(counts))
  })
})

/** `test_client.py::TestClient::test_get` → what pytest takes after --pyargs. */
function moduleName(name: string): string {
  return `kazoo.tests.${name.replace('.py::', '::')}`
}

/** The class, or the class and the test, as an expression of pytest's -k. */
function keyword(name: string): string {
  const [, testClass, test] = name.split('::')
  return test === undefined ? testClass! : `(${testClass} and ${test})`
}

function countByClass(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) {
    const key = name.split('::').slice(0, -1).join('::')
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

function runTests(bed: TestBed, selection: readonly string[]): Promise<Outcome[]> {
  const folder = temporaryFolder('kazoo')
  const outcomes = join(folder, 'outcomes.jsonl')
  const plugins = ['-p', 'kazoo_cluster', '-p', 'no:cacheprovider']
  const args = ['-m', 'pytest', '-c', '/dev/null', '-q', '--tb=short', ...plugins]
  return new Promise((resolve, reject) => {
    const child = spawn(
      kazooSuitePython(),
      [...args, '--timeout', `${testSecondsMax}`, ...selection],
      {
        cwd: folder,
        env: {
          ...process.env,
          // With it kazoo's tests sleep longer and look for a server that they installed.
          CI: undefined,
          PYTHONPATH: pluginFolder,
          PYTHONDONTWRITEBYTECODE: '1',
          ZOOKEEPER_VERSION: '3.8.0',
          SUITE_SERVERS: bed.servers.join(','),
          SUITE_CONTROL: bed.control,
          SUITE_OUTCOMES: outcomes,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: runMinutesMax * 60_000,
        killSignal: 'SIGKILL',
      },
    )
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-4000)
      })
    }
    child.on('error', reject)
    child.on('close', (code, signal) => {
      // 1: some tests failed; those are among the outcomes.
      if ((code === 0 || code === 1) && existsSync(outcomes)) resolve(readOutcomes(outcomes))
      else reject(new Error(`pytest on ${bed.name} ended with ${code ?? signal}\n${output}`))
    })
  })
}

/** A test that failed in its call and in its tear-down has two lines, and has failed. */
function readOutcomes(file: string): Outcome[] {
  const byName = new Map<string, Outcome>()
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const { name, outcome, detail } = JSON.parse(line)
    const ok = outcome === 'passed' && byName.get(name)?.ok !== false
    byName.set(name, { name, ok, detail: byName.get(name)?.detail || detail })
  }
  return [...byName.values()]
}
