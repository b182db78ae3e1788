/** The table of deliberate bugs, each with the seed that found it: `npm run test:sim -- --mutants`. */
import { hunt } from './hunt.ts'
import type { Mutation } from './mutation.ts'
import { MUTATIONS } from './mutations.ts'

/** `only`: those whose name contains it. `processes`: so many are hunted at a time. */
export async function huntMutants(only: string | undefined, processes: number): Promise<void> {
  const chosen = MUTATIONS.filter(({ bug }) => only === undefined || bug.includes(only))
  const rows = new Map<Mutation, string>()
  const left = [...chosen]
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const row = await rowOf(next)
      rows.set(next, row)
      console.error(row)
    }
  }
  await Promise.all(Array.from({ length: processes }, work))
  console.log('| bug | faults | within | found by |\n| --- | --- | --- | --- |')
  for (const mutation of chosen) console.log(rows.get(mutation))
}

async function rowOf(mutation: Mutation): Promise<string> {
  const { bug, faults = 'core', seedsMax } = mutation
  const found = await hunt(mutation)
  if (found === undefined) process.exitCode = 1
  const where = found === undefined ? 'NOT FOUND' : `seed ${found.seed}: ${found.law}`
  return `| ${bug} | ${faults} | ${seedsMax} seeds | ${where} |`
}
