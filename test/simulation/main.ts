/**
 * `npm run test:sim -- --seeds 500 [--from 1] [--faults core|lag|clock|formats|history|all]
 * [--seed N --verbose] [--keep-going] [--processes N] [--mutants [--only TEXT]]`: see README.md.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FAULT_SETS, type FaultSet } from './scenario.ts'
import { type Report, simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    faults: { type: 'string', default: 'all' },
    verbose: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    processes: { type: 'string', default: '1' },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})

interface Totals {
  seeds: number
  failed: number
  events: number
  requests: number
  answered: number
}

if (values.mutants) {
  // Loaded here only, for a mutant's own copy of this program has no use for it.
  const { huntMutants } = await import('./mutants/hunt-all.ts')
  await huntMutants(values.only)
} else {
  const faults = values.faults as FaultSet
  if (!Object.hasOwn(FAULT_SETS, faults)) {
    throw new Error(`--faults is one of ${Object.keys(FAULT_SETS).join(', ')}`)
  }
  const from = Number(values.seed ?? values.from)
  const count = values.seed === undefined ? Number(values.seeds) : 1
  const processes = Number(values.processes)
  if (!Number.isSafeInteger(from) || !(count >= 1)) throw new Error('seeds are numbers')
  if (!(processes >= 1)) throw new Error('--processes is a number')
  const startMs = performance.now()
  const totals =
    processes > 1 ? await share(from, count, processes) : await runSeeds(from, count, faults)
  // A part of a hunt: whoever has begun it says how it was.
  if (process.send !== undefined) process.send(totals)
  else {
    const { seeds, failed, events, requests, answered } = totals
    const perSecond = (seeds * 1_000) / (performance.now() - startMs)
    console.log(
      `${seeds} seeds from ${from}, ${faults} faults: ${failed} failed; ${events} events, ` +
        `${requests} requests, ${answered} answered; ${perSecond.toFixed(1)} seeds/s`,
    )
  }
  if (totals.failed > 0) process.exitCode = 1
}

async function runSeeds(from: number, count: number, faults: FaultSet): Promise<Totals> {
  const sink = values.verbose ? { sink: (line: string) => console.log(line) } : {}
  const totals: Totals = { seeds: 0, failed: 0, events: 0, requests: 0, answered: 0 }
  for (let seed = from; seed < from + count; seed++) {
    process.send?.(seed)
    const report = await simulate({ seed, faults, ...sink })
    totals.seeds++
    totals.events += report.events
    totals.requests += report.requests
    totals.answered += report.acknowledged
    if (report.violations.length === 0) continue
    totals.failed++
    show(report, faults)
    if (count === 1) console.log(report.faults.join('\n'))
    if (!values['keep-going']) break
  }
  return totals
}

/** Each process has a part of the seeds, one behind the other. */
async function share(from: number, count: number, processes: number): Promise<Totals> {
  const each = Math.ceil(count / processes)
  const parts: Promise<Totals>[] = []
  for (let at = 0; at < count; at += each) {
    const args = ['--from', String(from + at), '--seeds', String(Math.min(each, count - at))]
    args.push('--faults', values.faults)
    if (values['keep-going']) args.push('--keep-going')
    parts.push(totalsOf(args))
  }
  const sums: Totals = { seeds: 0, failed: 0, events: 0, requests: 0, answered: 0 }
  for (const totals of await Promise.all(parts)) {
    for (const key of Object.keys(sums) as (keyof Totals)[]) sums[key] += totals[key]
  }
  return sums
}

function totalsOf(args: readonly string[]): Promise<Totals> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), args)
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
function show({ scenario, violations }: Report, faults: FaultSet): void {
  const { seed } = scenario
  console.log(`SEED=${seed} npm run test:sim -- --seed ${seed} --faults ${faults}`)
  for (const { law, what } of violations.slice(0, 5)) console.log(`  ${law}: ${what}`)
  if (violations.length > 5) console.log(`  and ${violations.length - 5} more`)
}
