/**
 * `npm run test:learner-hunt -- [--lines 3.4,3.6,3.8,3.9] [--kills 20] [--seed N]`: the long run. `--wild ROUNDS`, instead of kills:
 * requests made by hand go to one server of each line, from 3.6 on. `--restored`: ensembles of three that are restored from a backup,
 * and leaders that have what no other server has.
 */
import { parseArgs } from 'node:util'
import { missing, type ZookeeperLine, zookeeperRequirement } from '../support/requirements.ts'
import { learnerRun } from './learner-run.ts'
import { restoredRun } from './restored/restored-run.ts'
import { unreplicatedRun } from './restored/unreplicated-run.ts'
import { wildRun } from './wild/wild-run.ts'

const { values } = parseArgs({
  options: {
    ...{ lines: { type: 'string' }, kills: { type: 'string' }, seed: { type: 'string' } },
    ...{ wild: { type: 'string' }, restored: { type: 'boolean' } },
  },
})
const wild = Number(values.wild ?? 0)
const lines = (values.lines ?? (wild > 0 ? '3.6,3.8,3.9' : '3.4,3.6,3.8,3.9')).split(
  ',',
) as ZookeeperLine[]
const kills = Number(values.kills ?? 20)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(kills >= 1) || !(wild >= 0) || !Number.isSafeInteger(seed))
  throw new Error('--kills, --wild and --seed are numbers')
for (const line of lines) {
  const lack = zookeeperRequirement[line] && missing(zookeeperRequirement[line])
  if (lack !== undefined) throw new Error(lack || `--lines: ${line} is not known`)
}
console.log(`seed ${seed}`)
let isGood = true
for (const line of lines) {
  if (values.restored === true) {
    isGood = (await restored(line)) && isGood
    continue
  }
  if (wild > 0) {
    isGood = (await hunt(line)) && isGood
    continue
  }
  const report = await learnerRun({ line, kills, seed, onKill: (text) => console.log(line, text) })
  const { verdicts, masters } = report
  const problems = [...report.problems, ...(masters?.problems ?? [])]
  const equal = verdicts.filter(({ isEqual }) => isEqual).length
  isGood &&= equal === kills && problems.length === 0
  console.log(
    `${line}: ${report.transactions} transactions of ${report.replies} replies, ` +
      `${report.digestsEqual} digests equal, ${equal} of ${kills} trees equal, ` +
      `${report.snapshots} snapshots, ${report.breaks.length} breaks, ${problems.length} problems` +
      (masters && `; by observer masters ${masters.digestsEqual} digests equal`),
  )
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`)
}
if (!isGood) process.exitCode = 1

async function restored(line: ZookeeperLine): Promise<boolean> {
  const { snapshots, truncates, differences } = await unreplicatedRun(line)
  console.log(line, `unreplicated: ${snapshots} snapshots, ${truncates} truncates`, differences)
  let isGood = snapshots === 0 && truncates === 0 && differences.length === 0
  for (const hasDigests of line < '3.6' ? [false] : [true, false]) {
    for (const step of await restoredRun({ line, size: 3, hasDigests })) {
      const { name, differences } = step
      console.log(
        line,
        `${name}: ${step.snapshots} snapshots, ${step.truncates} truncates`,
        differences,
      )
      isGood &&= differences.length === 0
    }
  }
  return isGood
}

async function hunt(line: ZookeeperLine): Promise<boolean> {
  const { verdicts, problems, ...report } = await wildRun({
    ...{ line, seed, rounds: wild, requests: 1_500, ephemerals: 2_000 },
    onRound: (text) => console.log(line, text),
  })
  const equal = verdicts.filter(({ isEqual }) => isEqual).length
  console.log(
    `${line}: ${report.transactions} transactions, ${report.digestsEqual} digests equal, ` +
      `${report.digestsExplained} explained, ${equal} of ${wild} trees equal, ${problems.length} problems`,
  )
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`)
  return equal === wild && problems.length === 0
}
