/** A program of ours on somebody's client library: run on both servers, its pass lists compared. */
import { spawn } from 'node:child_process'
import { expect } from 'chai'
import { type Requirement, requireOrSkip } from '../support/requirements.ts'
import { type BedOutcomes, documented, expectAllPassed, parseOutcomes, passed } from './outcomes.ts'
import { startTestBeds, type TestBed } from './test-bed.ts'

const runMinutesMax = 6

export interface OwnProgram {
  /** Heading of its list in docs/suites.md. */
  heading: string
  needs: readonly Requirement[]
  /** Compiles it; returns its command line, to which `servers` and `control` are added. */
  compile(): Promise<readonly string[]>
}

/** Declares the tests. */
export function testOwnProgram({ heading, needs, compile }: OwnProgram): void {
  let beds: TestBed[] = []
  const results = new Map<TestBed['name'], BedOutcomes>()

  before(async function () {
    this.timeout((runMinutesMax + 2) * 60_000)
    requireOrSkip(this, 'etcd', 'zookeeper', ...needs)
    const [command, started] = await Promise.all([compile(), startTestBeds()])
    beds = started
    const runs = beds.map(async (bed) => {
      const outcomes = parseOutcomes(await run(command, bed))
      results.set(bed.name, { bed: bed.name, outcomes })
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

  it('all pass on ZooKeeper', () => expectAllPassed(results.get('zookeeper')!))

  it('all pass on anykeeper', () => expectAllPassed(results.get('anykeeper')!))

  it('the pass lists are the same, and the one of docs/suites.md', () => {
    const list = documented(heading)
    expect(passed(results.get('zookeeper')!.outcomes)).to.deep.equal(list)
    expect(passed(results.get('anykeeper')!.outcomes)).to.deep.equal(list)
  })
}

/** Resolves with its standard output; what it wrote on the other one is shown when it fails. */
function run(command: readonly string[], bed: TestBed): Promise<string> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command
    const child = spawn(program!, [...args, bed.servers.slice(0, 2).join(','), bed.control], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: runMinutesMax * 60_000,
      killSignal: 'SIGKILL',
    })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors = (errors + text).slice(-4000)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else reject(new Error(`on ${bed.name} ended with ${code ?? signal}\n${output}\n${errors}`))
    })
  })
}
