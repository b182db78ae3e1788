/** `npm run test:serve-while-following-hunt -- [--lines 3.6,3.8,3.9] [--rounds 3] [--kills 3] [--store etcd|memory]`. */
import { parseArgs } from 'node:util'
import { startEtcd } from '../../support/etcd-server.ts'
import {
  etcdProgram,
  missing,
  type ZookeeperLine,
  zookeeperRequirement,
} from '../../support/requirements.ts'
import { serveRun } from './serve-run.ts'

const { values } = parseArgs({
  options: {
    lines: { type: 'string' },
    rounds: { type: 'string' },
    kills: { type: 'string' },
    store: { type: 'string' },
  },
})
const lines = (values.lines ?? '3.6,3.8,3.9').split(',') as ZookeeperLine[]
const [rounds, kills] = [Number(values.rounds ?? 3), Number(values.kills ?? 3)]
if (!(rounds >= 1) || !(kills >= 0)) throw new Error('--rounds and --kills are numbers')
for (const line of lines) {
  const lack = zookeeperRequirement[line] && missing(zookeeperRequirement[line])
  if (lack !== undefined) throw new Error(lack || `--lines: ${line} is not known`)
}
let isGood = true
for (const line of lines) {
  for (let round = 1; round <= rounds; round++) {
    const etcd = values.store === 'memory' ? undefined : await startEtcd({ binary: etcdProgram() })
    try {
      const report = await serveRun({
        ...{ line, kills, ...(etcd && { url: `etcd://${etcd.host}` }) },
        onStep: (text) => console.log(`${line} round ${round}: ${text}`),
      })
      const { missing: gone, twice, statesAtTakeOver, problems } = report
      const faults = [...gone, ...twice, ...statesAtTakeOver, ...problems]
      isGood &&= faults.length === 0
      console.log(
        `${line} round ${round}: ${report.acked} acknowledged, ${report.unknown} unknown, ${gone.length} missing, ` +
          `${twice.length} twice, ${statesAtTakeOver.length} states at the take-over, gap ${Math.round(report.gapMs)} ms, ` +
          `take-over ${Math.round(report.takeOverMs)} ms, ${report.lost} lost on the way`,
      )
      for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`)
    } finally {
      await etcd?.stop()
    }
  }
}
if (!isGood) process.exitCode = 1
