/** `npm run test:learner-hunt -- [--lines 3.4,3.6,3.8,3.9] [--kills 20] [--seed N]`: the long run. */
import { parseArgs } from 'node:util'
import { missing, type ZookeeperLine, zookeeperRequirement } from '../support/requirements.ts'
import { learnerRun } from './learner-run.ts'

const { values } = parseArgs({
  options: { lines: { type: 'string' }, kills: { type: 'string' }, seed: { type: 'string' } },
})
const lines = (values.lines ?? '3.4,3.6,3.8,3.9').split(',') as ZookeeperLine[]
const kills = Number(values.kills ?? 20)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(kills >= 1) || !Number.isSafeInteger(seed)) throw new Error('--kills and --seed are numbers')
for (const line of lines) {
  const lack = zookeeperRequirement[line] && missing(zookeeperRequirement[line])
  if (lack !== undefined) throw new Error(lack || `--lines: ${line} is not known`)
}
console.log(`seed ${seed}`)
let isGood = true
for (const line of lines) {
  const report = await learnerRun({ line, kills, seed, onKill: (text) => console.log(line, text) })
  const { verdicts, problems } = report
  const equal = verdicts.filter(({ isEqual }) => isEqual).length
  isGood &&= equal === kills && problems.length === 0
  console.log(
    `${line}: ${report.transactions} transactions of ${report.replies} replies, ` +
      `${report.digestsEqual} digests equal, ${equal} of ${kills} trees equal, ` +
      `${report.snapshots} snapshots, ${report.breaks.length} breaks, ${problems.length} problems`,
  )
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`)
}
if (!isGood) process.exitCode = 1
