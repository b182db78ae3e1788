/** `npm run test:kafka-move -- [--lines 3.8,3.9] [--rounds 1]`: the long run. */
import { parseArgs } from 'node:util'
import type { ZookeeperLine } from '../../support/requirements.ts'
import { moveRun } from './run.ts'

const { values } = parseArgs({ options: { lines: { type: 'string' }, rounds: { type: 'string' } } })
const lines = (values.lines ?? '3.8,3.9').split(',') as ZookeeperLine[]
const rounds = Number(values.rounds ?? 1)
if (!(rounds >= 1)) throw new Error('--rounds is a number')
for (const line of lines) {
  for (let round = 1; round <= rounds; round++) {
    const report = await moveRun(line, (text) => console.log(`${line}: ${text}`))
    const { pauseMs, takeOverMs, acknowledged, worstGapMs } = report
    console.log(
      `${line}: take-over ${Math.round(takeOverMs)} ms, brokers at proxies ${Math.round(pauseMs)} ms after the ensemble began to stop; ` +
        `${acknowledged} messages acknowledged, none lost, none twice, no send failed, longest time between two sends ${Math.round(worstGapMs)} ms`,
    )
  }
}
