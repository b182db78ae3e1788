/**
 * `npm run test:diff -- --minutes 10 --seed 1 --on memory|memory2|etcd|file|redis|following
 * --oracle 3.8|3.9 --requests N`: random scripts until the minutes are over or N requests are done, each batch with a seed of its own; the first mismatch is shrunk, shown, and ends it.
 */
import { parseArgs } from 'node:util'
import { type ZookeeperLine, zookeeperVersions } from '../support/requirements.ts'
import { type Checked, check } from './check.ts'
import {
  type Subject,
  startOnEtcd,
  startOnFiles,
  startOnFollowing,
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
  following: () => startOnFollowing(values.oracle as ZookeeperLine),
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    on: { type: 'string', default: 'memory2' },
    oracle: { type: 'string', default: '3.9' },
    requests: { type: 'string', default: '1000000000' },
  },
})
const start = starts[values.on]
if (start === undefined) throw new Error(`--on is one of ${Object.keys(starts).join(', ')}`)
const isLine = (text: string): text is ZookeeperLine => Object.hasOwn(zookeeperVersions, text)
if (!isLine(values.oracle)) {
  throw new Error(`--oracle is one of ${Object.keys(zookeeperVersions).join(', ')}`)
}
const endMs = performance.now() + Number(values.minutes) * 60_000
const oracle = await startOracle(values.oracle)
const candidate = await start()
let requests = 0
let seed = Number(values.seed)
try {
  while (performance.now() < endMs && requests < Number(values.requests)) {
    const done: Checked = await check({ oracle, candidate, seed, scripts: 20 })
    requests += done.requests
    const pair = `${candidate.name} against ${oracle.name}`
    console.log(`seed ${seed}, ${pair}: ${requests} requests so far`)
    seed++
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await candidate.stop()
  await oracle.stop()
}
