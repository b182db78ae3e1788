/**
 * `npm run test:serve-while-following-hunt -- [--lines 3.6,3.8,3.9] [--rounds 3] [--kills 3] [--store etcd|memory]`; with
 * `--faults all`, or their names, faults.ts instead, on etcd, a build and the first of the lines; with `--frames REGEXP` the requests
 * of ../hostile/frames.ts of that name.
 */
import { parseArgs } from 'node:util'
import { startEtcd } from '../../support/etcd-server.ts'
import {
  etcdProgram,
  missing,
  type ZookeeperLine,
  zookeeperRequirement,
} from '../../support/requirements.ts'
import { startZookeeperEnsemble } from '../../support/zookeeper-server.ts'
import { hostileRun } from '../hostile/hostile-run.ts'
import { saslRun, tlsRun } from './credentials-run.ts'
import { FaultBed, faultEnsemble } from './fault-bed.ts'
import { FAULTS, type FaultName } from './faults.ts'
import { serveRun } from './serve-run.ts'

const { values } = parseArgs({
  options: {
    lines: { type: 'string' },
    rounds: { type: 'string' },
    kills: { type: 'string' },
    store: { type: 'string' },
    faults: { type: 'string' },
    frames: { type: 'string' },
    credentials: { type: 'boolean', default: false },
  },
})
const lines = (values.lines ?? '3.6,3.8,3.9').split(',') as ZookeeperLine[]
const [rounds, kills] = [Number(values.rounds ?? 3), Number(values.kills ?? 3)]
if (!(rounds >= 1) || !(kills >= 0)) throw new Error('--rounds and --kills are numbers')
for (const line of lines) {
  const lack = zookeeperRequirement[line] && missing(zookeeperRequirement[line])
  if (lack !== undefined) throw new Error(lack || `--lines: ${line} is not known`)
}
if (values.credentials) {
  for (const [name, credentialsRun] of [
    ['TLS', tlsRun],
    ['a login', saslRun],
  ] as const) {
    await credentialsRun()
    console.log(`${name}: followed, served and taken over by commands`)
  }
  process.exit()
}
let isGood = true
if (values.frames !== undefined) {
  for (const line of lines) {
    const report = await hostileRun({
      line,
      only: new RegExp(values.frames),
      onProblem: console.log,
    })
    const { frames, problems, disconnects, tooLong } = report
    console.log(
      `${line}: ${frames} frames, ${problems.length} did harm, ${disconnects} leaders lost, ${tooLong} too long`,
    )
    isGood &&= problems.length === 0 && disconnects === 0
  }
  process.exit(isGood ? 0 : 1)
}
if (values.faults !== undefined) {
  const names = values.faults === 'all' ? Object.keys(FAULTS) : values.faults.split(',')
  isGood = await huntFaults(names as FaultName[], lines[0]!, rounds)
  process.exit(isGood ? 0 : 1)
}
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

/** Each of them, in trees of their own. */
async function huntFaults(
  names: readonly FaultName[],
  version: ZookeeperLine,
  times: number,
): Promise<boolean> {
  let isFine = true
  const etcd = await startEtcd({ binary: etcdProgram() })
  const ensemble = await startZookeeperEnsemble(faultEnsemble(version))
  try {
    for (let round = 1; round <= times; round++) {
      for (const name of names) {
        const bed = await FaultBed.open(ensemble, `etcd://${etcd.host}`, `${name}-${round}`)
        const sinceMs = performance.now()
        try {
          await FAULTS[name].run(bed)
          const gaps = bed.writers.map(({ gapMs }) => Math.round(gapMs)).join(' and ')
          console.log(
            `${name} ${round}: ${Math.round(performance.now() - sinceMs)} ms, longest waits of the clients of A and B ${gaps} ms`,
          )
        } catch (error) {
          isFine = false
          console.log(`${name} ${round}: ${error}`)
        } finally {
          await bed.close()
        }
      }
    }
  } finally {
    await ensemble.stop()
    await etcd.stop()
  }
  return isFine
}
