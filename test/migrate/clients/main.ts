/** `npm run test:move-hunt -- [--rounds 10] [--seed N]`: all clients there and back, again and again, without losing anything. */
import { parseArgs } from 'node:util'
import { MoveRun } from './move-run.ts'
import { expectFirst, expectKept } from './nothing-lost.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } })
const rounds = Number(values.rounds ?? 10)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(rounds >= 1) || !Number.isSafeInteger(seed))
  throw new Error('--rounds and --seed are numbers')
console.log(`seed ${seed}`)
const run = await MoveRun.start({ seed })
try {
  const first = await run.picture()
  expectFirst(first)
  for (let round = 1; round <= rounds; round++) {
    const there = await run.there()
    expectKept(first, await run.picture(), 2 * round - 1)
    const back = await run.back()
    expectKept(first, await run.picture(), 2 * round)
    const ms = [there, back].map(({ pauseMs }) => `${Math.round(pauseMs)} ms`)
    console.log(`round ${round}: ${ms.join(' and ')} without a server, nothing lost`)
  }
} catch (error) {
  console.log(run.output)
  throw error
} finally {
  await run.stop()
}
