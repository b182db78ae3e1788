/**
 * Many seeds, one after the other, here or in processes of their own: a run takes over the timers of its
 * process. Neighbours: main (the command), mutants/hunt (other sources).
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FaultSet } from './scenario.ts'
import { type Report, simulate } from './simulate.ts'
import type { TraceSink } from './world/trace.ts'

export interface Seeds {
  readonly from: number
  readonly count: number
  readonly faults: FaultSet
  /** Also after one that failed. */
  readonly keepGoing: boolean
}

export interface Totals {
  seeds: number
  failed: number
  events: number
  requests: number
  answered: number
  /** One line for each seed that failed, with its first violations below it. */
  output: string
}

const none = (): Totals => ({
  seeds: 0,
  failed: 0,
  events: 0,
  requests: 0,
  answered: 0,
  output: '',
})

/** `onFailure` gets what is appended to the output. */
export async function runSeeds(
  { from, count, faults, keepGoing }: Seeds,
  options: { readonly sink?: TraceSink; readonly onFailure?: (text: string) => void } = {},
): Promise<Totals> {
  const { sink, onFailure } = options
  const totals = none()
  for (let seed = from; seed < from + count; seed++) {
    // Who waits for this process knows where it is if it hangs.
    process.send?.(seed)
    const report = await simulate({ seed, faults, ...(sink === undefined ? {} : { sink }) })
    totals.seeds++
    totals.events += report.events
    totals.requests += report.requests
    totals.answered += report.acknowledged
    if (report.violations.length === 0) continue
    totals.failed++
    const text = show(report, faults)
    totals.output += text
    onFailure?.(text)
    if (count === 1) onFailure?.(`${report.faults.join('\n')}\n`)
    if (!keepGoing) break
  }
  return totals
}

/** Each of `processes` has a part of the seeds. What they find is printed as they find it. */
export async function runInParts(seeds: Seeds, processes: number): Promise<Totals> {
  const { from, count, faults, keepGoing } = seeds
  const each = Math.ceil(count / processes)
  const parts: Promise<Totals>[] = []
  for (let at = 0; at < count; at += each) {
    const args = ['--from', String(from + at), '--seeds', String(Math.min(each, count - at))]
    args.push('--faults', faults)
    if (keepGoing) args.push('--keep-going')
    parts.push(part(args))
  }
  const sums = none()
  for (const { output, ...totals } of await Promise.all(parts)) {
    for (const [key, value] of Object.entries(totals)) sums[key as 'seeds'] += value
    sums.output += output
  }
  return sums
}

function part(args: readonly string[]): Promise<Totals> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('main.ts', import.meta.url)), args, {
      execArgv: ['--import', 'tsx'],
    })
    let totals: Totals | undefined
    child.on('message', (message) => {
      if (typeof message !== 'number') totals = message as Totals
    })
    child.on('error', reject)
    child.on('exit', (status, signal) => {
      if (totals !== undefined) resolve(totals)
      else
        reject(new Error(`a part of the seeds ended with ${status ?? signal}: ${args.join(' ')}`))
    })
  })
}

/** The line that repeats it, and the first violations. */
function show({ scenario, violations }: Report, faults: FaultSet): string {
  const { seed } = scenario
  const lines = [`SEED=${seed} npm run test:sim -- --seed ${seed} --faults ${faults}`]
  for (const { law, what } of violations.slice(0, 5)) lines.push(`  ${law}: ${what}`)
  if (violations.length > 5) lines.push(`  and ${violations.length - 5} more`)
  return `${lines.join('\n')}\n`
}
