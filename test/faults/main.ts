/** `npm run test:faults`: see README.md. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { missing } from '../support/requirements.ts'
import { allFaults } from './all-faults.ts'
import { zookeeperClassPath } from './bed/zookeeper-bed.ts'
import { judgeHistory, judgePlanted } from './checks/linearizability.ts'
import type { Row } from './measure.ts'
import { loadLetters, Run } from './run.ts'
import { line, table } from './table.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    only: { type: 'string' },
    peer: { type: 'string', default: 'anykeeper' },
    seed: { type: 'string' },
    zookeeper: { type: 'string' },
    program: { type: 'string' },
    out: { type: 'string' },
    list: { type: 'boolean', default: false },
    check: { type: 'string' },
    sum: { type: 'string' },
  },
})

/** By porcupine; whether it would find what is planted; false: a lie was found, or one was not. */
function judge(file: string): boolean {
  const lack = missing('porcupine')
  if (lack !== undefined) {
    console.log(`the history is not checked: ${lack}`)
    return true
  }
  const text = readFileSync(file, 'utf8')
  const verdictOn = (name: keyof typeof loadLetters): boolean => {
    const { registers, operations, isLinearizable, output } = judgeHistory(text, loadLetters[name])
    if (registers === 0) return true
    console.log(
      `porcupine: ${operations} operations on ${registers} registers of ${name} are ` +
        `${isLinearizable ? 'linearizable' : `NOT linearizable: ${output}`}`,
    )
    return isLinearizable
  }
  const isLinearizable = verdictOn('anykeeper')
  // The yardstick is reported only.
  verdictOn('zookeeper')
  const { staleReadFound, lostUpdateFound } = judgePlanted(text)
  const found = (isFound: boolean): string => (isFound ? 'found' : 'NOT found')
  console.log(
    `a planted stale read is ${found(staleReadFound)}, a planted lost update is ${found(lostUpdateFound)}`,
  )
  return isLinearizable && staleReadFound && lostUpdateFound
}

/** What a run left in its folder. */
function rowsOf(runFolder: string): Row[] {
  const lines = readFileSync(join(runFolder, 'rows.jsonl'), 'utf8').split('\n')
  return lines.filter((text) => text !== '').map((text) => JSON.parse(text) as Row)
}

if (values.check !== undefined) process.exit(judge(values.check) ? 0 : 1)
if (values.sum !== undefined) {
  const rows = values.sum.split(',').flatMap((name) => rowsOf(name))
  console.log(table(rows, allFaults))
  console.log(`\n${rows.length} faults`)
  process.exit(0)
}
const minutes = Number(values.minutes)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  throw new Error('--minutes and --seed are numbers')
}
const { peer } = values
if (!['anykeeper', 'zookeeper', 'both'].includes(peer)) {
  throw new Error('--peer is anykeeper, zookeeper or both')
}
const only = values.only?.split(',').map((part) => part.trim().toLowerCase())
const faults = allFaults.filter(
  (fault) =>
    (peer === 'both' || fault.peer === peer) &&
    (only === undefined || only.some((part) => fault.name.toLowerCase().includes(part))),
)
if (faults.length === 0) throw new Error(`no fault is called so; --list shows them`)
if (values.list) {
  for (const fault of faults) console.log(`${fault.peer}: ${fault.name}`)
  process.exit(0)
}
const zookeeperVersion =
  values.zookeeper ??
  ['3.9.5', '3.8'].find((version) => zookeeperClassPath(version) !== undefined) ??
  '3.8'
const folder = values.out ?? mkdtempSync(join(tmpdir(), 'anykeeper-faults-'))
console.log(`seed ${seed}, ZooKeeper ${zookeeperVersion}, details in ${folder}`)
// So that what runs at exit runs: children are ended, folders and mounts removed.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const startMs = performance.now()
const report = await new Run({
  faults,
  minutes,
  seed,
  folder,
  zookeeperVersion,
  program: values.program,
  say: (text) => console.log(text),
  onRow: (row) => console.log(line(row)),
}).run()

const shown = table(report.rows, allFaults)
writeFileSync(join(folder, 'table.md'), `${shown}\n`)
writeFileSync(join(folder, 'violations.json'), `${JSON.stringify(report.violations, null, 1)}\n`)
for (const skipped of report.skipped) console.log(`skipped: ${skipped}`)
console.log(`\n${shown}\n`)
const seconds = Math.round((performance.now() - startMs) / 1_000)
const lives = report.silentLivesMs.map((ms) => ms / 1_000)
const silent =
  lives.length === 0
    ? ''
    : `; ${lives.length} sessions fell silent, gone after ` +
      `${Math.min(...lives).toFixed(1)}–${Math.max(...lives).toFixed(1)} s`
const ofYardstick = report.violations.filter(({ fault }) => fault.startsWith('zookeeper')).length
const violations = report.violationCount - ofYardstick
console.log(
  `${report.rows.length} faults in ${seconds} s: ${report.writes} acknowledged writes, ` +
    `${report.reads} register reads, ${violations} violations${silent}`,
)
if (ofYardstick > 0) console.log(`of ZooKeeper: ${ofYardstick} violations`)
const isLinearizable = judge(join(folder, 'registers.jsonl'))
process.exit(violations === 0 && isLinearizable ? 0 : 1)
