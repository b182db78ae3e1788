/**
 * `npm run test:kafka-move -- [--lines 3.8,3.9] [--rounds 1] [--serving]`: the long run. `--serving`: the brokers are at proxies
 * that serve while ZooKeeper leads, and the ensemble is stopped behind the take-over.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { ZookeeperLine } from '../../support/requirements.ts'
import { moveRun } from './run.ts'
import { servingMoveRun } from './serving-run.ts'

const { values } = parseArgs({
  options: {
    lines: { type: 'string' },
    rounds: { type: 'string' },
    serving: { type: 'boolean' },
  },
})
const lines = (values.lines ?? '3.8,3.9').split(',') as ZookeeperLine[]
const rounds = Number(values.rounds ?? 1)
if (!(rounds >= 1)) throw new Error('--rounds is a number')
const load = (): string => `load ${loadavg()[0]?.toFixed(1)}`
const run = values.serving === true ? served : stopped
for (const line of lines) {
  for (let round = 1; round <= rounds; round++) {
    const before = load()
    const figures = await run(line, (text) => console.log(`${line}: ${text}`))
    console.log(`${line} round ${round} (${before}, then ${load()}): ${figures}`)
  }
}

async function stopped(line: ZookeeperLine, onLine: (text: string) => void): Promise<string> {
  const { pauseMs, takeOverMs, acknowledged, worstGapMs } = await moveRun(line, onLine)
  return (
    `take-over ${Math.round(takeOverMs)} ms, brokers at proxies ${Math.round(pauseMs)} ms after the ensemble began to stop; ` +
    `${acknowledged} messages acknowledged, none lost, none twice, no send failed, longest time between two sends ${Math.round(worstGapMs)} ms`
  )
}

async function served(line: ZookeeperLine, onLine: (text: string) => void): Promise<string> {
  const report = await servingMoveRun({ line, onLine })
  const { takeOverMs, producerGapMs, consumerGapMs, connections, kept } = report
  return (
    `take-over ${Math.round(takeOverMs)} ms, ${kept} of ${connections} connections kept; ${report.acknowledged} messages acknowledged and consumed, ` +
    `none lost, none twice, no send failed, ${report.topics} topics created or deleted; longest time between two sends ${Math.round(producerGapMs)} ms, ` +
    `between two batches consumed ${Math.round(consumerGapMs)} ms; ${report.held} requests waited`
  )
}
