/**
 * `npm run test:sim -- --seeds 500 [--from 1] [--faults core|lag|clock|formats|history|mixed|all]
 * [--seed N --verbose] [--keep-going] [--processes N] [--mutants [--only TEXT]]`: see README.md.
 */
import { parseArgs } from 'node:util'
import { runInParts, runSeeds } from './hunts.ts'
import { FAULT_SETS, type FaultSet } from './scenario.ts'

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

if (values.mutants) {
  // Loaded here only, for a mutant's own copy of this program has no use for it.
  const { huntMutants } = await import('./mutants/hunt-all.ts')
  await huntMutants(values.only, processesOf())
} else await hunt()

function processesOf(): number {
  const processes = Number(values.processes)
  if (!(processes >= 1)) throw new Error('--processes is a number')
  return processes
}

async function hunt(): Promise<void> {
  const faults = values.faults as FaultSet
  if (!Object.hasOwn(FAULT_SETS, faults)) {
    throw new Error(`--faults is one of ${Object.keys(FAULT_SETS).join(', ')}`)
  }
  const from = Number(values.seed ?? values.from)
  const count = values.seed === undefined ? Number(values.seeds) : 1
  const processes = processesOf()
  if (!Number.isSafeInteger(from) || !(count >= 1)) throw new Error('seeds are numbers')
  const startMs = performance.now()
  const seeds = { from, count, faults, keepGoing: values['keep-going'] }
  const onFailure = (text: string): boolean => process.stdout.write(text)
  const sink = values.verbose ? { sink: (line: string) => console.log(line) } : {}
  const totals =
    processes > 1
      ? await runInParts(seeds, processes)
      : await runSeeds(seeds, { onFailure, ...sink })
  // A part of a hunt: whoever has begun it says how it was.
  if (process.send !== undefined) process.send(totals)
  else {
    const { events, requests, answered } = totals
    const perSecond = (totals.seeds * 1_000) / (performance.now() - startMs)
    console.log(
      `${totals.seeds} seeds from ${from}, ${faults} faults: ${totals.failed} failed; ` +
        `${events} events, ${requests} requests, ${answered} answered; ` +
        `${perSecond.toFixed(1)} seeds/s`,
    )
  }
  if (totals.failed > 0) process.exitCode = 1
}
