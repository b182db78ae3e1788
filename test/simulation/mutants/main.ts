/** `npm run test:sim -- --mutants [--only TEXT]`: the table of deliberate bugs, each with where it was found. */
import { parseArgs } from 'node:util'
import { hunt } from './hunt.ts'
import { MUTATIONS } from './mutations.ts'

export async function huntMutants(only: string | undefined): Promise<void> {
  let missed = 0
  for (const mutation of MUTATIONS) {
    const { bug, seedsMax } = mutation
    if (only !== undefined && !bug.includes(only)) continue
    const found = await hunt(mutation)
    if (found === undefined) missed++
    const where = found === undefined ? 'NOT FOUND' : `seed ${found.seed}: ${found.law}`
    console.log(`| ${bug} | ${seedsMax} | ${where} |`)
  }
  if (missed > 0) process.exitCode = 1
}

if (process.argv[1]?.endsWith('mutants/main.ts') === true) {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  await huntMutants(values.only)
}
