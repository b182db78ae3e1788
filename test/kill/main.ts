/** `npm run test:kill -- [--store file|redis] [--times 300] [--seed N]`: the long run. */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BEDS, type BedName } from './beds.ts'
import { CLIENTS, killRun } from './kill-run.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'file' },
    times: { type: 'string' },
    seed: { type: 'string' },
  },
})
const store = values.store as BedName
if (!Object.hasOwn(BEDS, store)) throw new Error(`--store is ${Object.keys(BEDS).join(' or ')}`)
const times = Number(values.times ?? 100)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(times >= 1) || !Number.isSafeInteger(seed)) throw new Error('--times and --seed are numbers')
console.log(`seed ${seed}`)
const startMs = performance.now()
const from = existsSync(new URL('../../dist/cli.js', import.meta.url)) ? 'dist' : 'sources'
const report = await killRun({ store, times, seed, from, onRound: (line) => console.log(line) })
const { kills, acknowledged, sessionsResumed, sessionsExpired } = report
const { proxyStayed, connectionsKept, startMsMax } = report
console.log(
  `${kills} kills in ${Math.round((performance.now() - startMs) / 1000)} s: ` +
    `${acknowledged} acknowledged writes, none lost, none twice; ` +
    `${sessionsResumed} sessions resumed, ${sessionsExpired} expired with their ephemerals; ` +
    `the longest start took ${Math.round(startMsMax)} ms`,
)
if (proxyStayed > 0) {
  console.log(
    `${proxyStayed} kills were of the store alone: the proxy resumed, and ${connectionsKept} of ` +
      `${proxyStayed * CLIENTS} connections lived through it`,
  )
}
