/** `npm run test:kill -- [--times 300] [--seed N]`: the long run. */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { killRun } from './kill-run.ts'

const { values } = parseArgs({ options: { times: { type: 'string' }, seed: { type: 'string' } } })
const times = Number(values.times ?? 100)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(times >= 1) || !Number.isSafeInteger(seed)) throw new Error('--times and --seed are numbers')
console.log(`seed ${seed}`)
const startMs = performance.now()
const from = existsSync(new URL('../../dist/cli.js', import.meta.url)) ? 'dist' : 'sources'
const report = await killRun({ times, seed, from, onRound: (line) => console.log(line) })
const { kills, acknowledged, sessionsResumed, sessionsExpired } = report
console.log(
  `${kills} kills in ${Math.round((performance.now() - startMs) / 1000)} s: ` +
    `${acknowledged} acknowledged writes, none lost, none twice; ` +
    `${sessionsResumed} sessions resumed, ${sessionsExpired} expired with their ephemerals`,
)
