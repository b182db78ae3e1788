/**
 * `npm run test:sim -- --seeds 500 [--from 1] [--faults core|lag|clock|history|all] [--seed N --verbose]`
 */
import { parseArgs } from 'node:util'
import { TODAY, WANTED } from './check/goals.ts'
import { FAULT_SETS, type FaultSet } from './scenario.ts'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    faults: { type: 'string', default: 'core' },
    goals: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    'go-on': { type: 'boolean', default: false },
  },
})
const faults = values.faults as FaultSet
if (!Object.hasOwn(FAULT_SETS, faults)) {
  throw new Error(`--faults is one of ${Object.keys(FAULT_SETS).join(', ')}`)
}
const goals = values.goals ? WANTED : TODAY
const from = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
const startMs = performance.now()
let events = 0
let requests = 0
let acknowledged = 0
let failed = 0
for (let seed = from; seed < from + count; seed++) {
  const sink = values.verbose ? (line: string) => console.log(line) : undefined
  const report = await simulate({ seed, faults, goals, ...(sink === undefined ? {} : { sink }) })
  events += report.events
  requests += report.requests
  acknowledged += report.acknowledged
  if (report.violations.length === 0) continue
  failed++
  console.log(
    `SEED=${seed} npm run test:sim -- --seed ${seed} --faults ${faults}${values.goals ? ' --goals' : ''}`,
  )
  for (const { law, what } of report.violations.slice(0, 5)) console.log(`  ${law}: ${what}`)
  if (count === 1) console.log(report.faults.join('\n'))
  if (!values['go-on']) break
}
const seconds = (performance.now() - startMs) / 1_000
console.log(
  `${count} seeds from ${from}, faults ${faults}: ${failed} failed; ${events} events, ` +
    `${requests} requests, ${acknowledged} answered; ${(count / seconds).toFixed(1)} seeds/s`,
)
if (failed > 0) process.exitCode = 1
