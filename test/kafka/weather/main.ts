/** `npm run test:kafka-weather -- [--minutes 10] [--seed N]`: parts of it are killed and frozen, and nothing acknowledged is lost. */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { weatherHunt } from './weather-hunt.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(minutes > 0) || !Number.isSafeInteger(seed)) throw new Error('numbers are expected')
console.log(`seed ${seed}`)
const report = await weatherHunt({ minutes, seed, log: (line) => console.log(line) })
console.log(JSON.stringify({ ...report, load: loadavg()[0]?.toFixed(1) }, null, 2))
