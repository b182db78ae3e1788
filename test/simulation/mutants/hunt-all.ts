/** The table of deliberate bugs, each with the seed that found it: `npm run test:sim -- --mutants`. */
import { hunt } from './hunt.ts'
import { MUTATIONS } from './mutations.ts'

export async function huntMutants(only: string | undefined): Promise<void> {
  let missed = 0
  console.log('| bug | seeds | found by |\n| --- | --- | --- |')
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
