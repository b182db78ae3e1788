/**
 * `npm run test:sim -- --seeds 500 [--from 1] [--faults core|lag|clock|history|all] [--goals]
 * [--seed N --verbose] [--keep-going] [--mutants [--only TEXT]]`: see README.md.
 */
import { parseArgs } from 'node:util'
import { TODAY, WANTED } from './check/goals.ts'
import { FAULT_SETS, type FaultSet } from './scenario.ts'
import { type Report, simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    faults: { type: 'string', default: 'core' },
    goals: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})

if (values.mutants) {
  // Loaded here only, for a mutant's own copy of this program has no use for it.
  const { huntMutants } = await import('./mutants/hunt-all.ts')
  await huntMutants(values.only)
} else await runSeeds()

async function runSeeds(): Promise<void> {
  const faults = values.faults as FaultSet
  if (!Object.hasOwn(FAULT_SETS, faults)) {
    throw new Error(`--faults is one of ${Object.keys(FAULT_SETS).join(', ')}`)
  }
  const from = Number(values.seed ?? values.from)
  const count = values.seed === undefined ? Number(values.seeds) : 1
  if (!Number.isSafeInteger(from) || !(count >= 1)) throw new Error('seeds are numbers')
  const goals = values.goals ? WANTED : TODAY
  const sink = values.verbose ? { sink: (line: string) => console.log(line) } : {}
  const startMs = performance.now()
  const totals = { seeds: 0, failed: 0, events: 0, requests: 0, answered: 0 }
  for (let seed = from; seed < from + count; seed++) {
    const report = await simulate({ seed, faults, goals, ...sink })
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
  const perSecond = (totals.seeds * 1_000) / (performance.now() - startMs)
  const { seeds, failed, events, requests, answered } = totals
  console.log(
    `${seeds} seeds from ${from}, ${faults} faults: ${failed} failed; ${events} events, ` +
      `${requests} requests, ${answered} answered; ${perSecond.toFixed(1)} seeds/s`,
  )
  if (failed > 0) process.exitCode = 1
}

/** The line that repeats it, and the first violations. */
function show({ scenario, violations }: Report, faults: FaultSet): void {
  const goals = values.goals ? ' --goals' : ''
  const { seed } = scenario
  console.log(`SEED=${seed} npm run test:sim -- --seed ${seed} --faults ${faults}${goals}`)
  for (const { law, what } of violations.slice(0, 5)) console.log(`  ${law}: ${what}`)
  if (violations.length > 5) console.log(`  and ${violations.length - 5} more`)
}
