/**
 * `npm run test:diff -- --minutes 10 --seed 1 --on memory|memory2|etcd|file|redis`: random scripts
 * for as long as told, each batch with a seed of its own; the first mismatch is shrunk, shown, and ends it.
 */
import { parseArgs } from 'node:util'
import { type Checked, check } from './check.ts'
import {
  type Subject,
  startOnEtcd,
  startOnFiles,
  startOnMemory,
  startOnRedis,
  startOracle,
} from './subjects.ts'

const starts: Readonly<Record<string, () => Promise<Subject>>> = {
  memory: () => startOnMemory(1),
  memory2: () => startOnMemory(2),
  etcd: () => startOnEtcd('sources'),
  file: () => startOnFiles('sources'),
  redis: () => startOnRedis('sources'),
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    on: { type: 'string', default: 'memory2' },
  },
})
const start = starts[values.on]
if (start === undefined) throw new Error(`--on is one of ${Object.keys(starts).join(', ')}`)
const endMs = performance.now() + Number(values.minutes) * 60_000
const oracle = await startOracle()
const candidate = await start()
let requests = 0
let seed = Number(values.seed)
try {
  while (performance.now() < endMs) {
    const done: Checked = await check({ oracle, candidate, seed, scripts: 20 })
    requests += done.requests
    console.log(`seed ${seed} on ${candidate.name}: ${requests} requests so far`)
    seed++
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await candidate.stop()
  await oracle.stop()
}
