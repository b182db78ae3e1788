/**
 * `npm test`: gets what is missing, builds, checks, runs every group of tests; the last line is
 * `N passed, N failed, N skipped`, counted from the runs.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureBuild } from './lib/ensure-build.mjs'
import { ensureNodeModules } from './lib/ensure-node-modules.mjs'
import { checks, groupOf, groups } from './lib/groups.mjs'
import { say, timed } from './lib/log.mjs'
import { prepareEach } from './lib/prepare.mjs'
import { root, runShown } from './lib/run.mjs'
import { runGroup } from './lib/run-group.mjs'
import { runInLanes } from './lib/run-in-lanes.mjs'
import { timeTable } from './lib/time-table.mjs'

const usage = `npm test [-- [--only NAME[,NAME…]] [--grep PATTERN] [--lanes N]]
--lanes: how many groups run at the same time, default 4; the output of each comes in one piece
names: ${[...checks, ...groups].map(({ name }) => name).join(', ')}
`
const totals = { passed: 0, failed: 0, skipped: 0 }
const report = []
const times = []
const startedAt = performance.now()

const { only, grep, lanes } = readArguments()
const wanted = ({ name }) => only === undefined || only.includes(name)

try {
  await main()
} catch (error) {
  fail('preparation', error.message)
}
process.stdout.write(`\n${timeTable(times, performance.now() - startedAt)}\n`)
process.stdout.write(`\n${report.join('\n')}\n`)
const { passed, failed, skipped } = totals
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
process.exitCode = failed > 0 || (process.env.CI === 'true' && skipped > 0) ? 1 : 0

async function main() {
  await ensureNodeModules()
  const chosen = groups.filter(wanted)
  const files = filesByGroup()
  const present = chosen.filter(({ name }) => files.has(name))
  // Beside the checks and the groups that need nothing: this compiles, downloads and waits.
  const preparedFor = prepareEach(present.flatMap(({ needs }) => needs))
  if (chosen.length === 0) return runChecks()
  await ensureBuild()
  for (const { name } of chosen.filter((group) => !present.includes(group))) {
    if (only !== undefined) fail(name, 'has no test file')
    else say(`${name}: has no test file yet`)
  }
  const isShown = lanes === 1 || present.length === 1
  const tested = present.map((group) => async () => {
    try {
      const env = group.needs.length > 0 ? await preparedFor(group.needs) : {}
      await run(group, files.get(group.name), { env, isShown })
    } catch (error) {
      // The other groups run all the same.
      fail(group.name, error.message)
    }
  })
  await runInLanes([runChecks, ...tested], lanes)
  if (totals.passed + totals.failed + totals.skipped === 0) fail('tests', 'no test ran')
}

async function runChecks() {
  for (const { name, args } of checks.filter(wanted)) {
    const status = await timed(name, () => runShown(process.execPath, args))
    if (status !== 0) fail(name, `ended with ${status}`)
  }
}

async function run(group, files, { env, isShown }) {
  say(`tests: ${group.name} …`)
  const groupStartedAt = performance.now()
  const result = await runGroup(group, { files, grep, env, isShown })
  const ms = performance.now() - groupStartedAt
  const seconds = (ms / 1000).toFixed(0)
  for (const key of Object.keys(totals)) totals[key] += result[key]
  const counts = `${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`
  if (!isShown) process.stdout.write(`\nanykeeper: tests: ${group.name}\n${result.output}`)
  say(`tests: ${group.name}: ${counts} (${seconds} s)`)
  report.push(`${group.name}: ${counts} (${seconds} s)`)
  for (const { title, message } of result.failures) report.push(`  ${title}: ${message}`)
  if (process.env.CI === 'true' && result.skipped > 0) report.push('  CI=true: no test may skip')
  const tests = result.passed + result.failed + result.skipped
  times.push({ name: group.name, tests, ms, slowest: result.slowest })
}

/** What is no test counts only when it fails. */
function fail(what, message) {
  totals.failed++
  report.push(`${what}: ${message}`)
}

/** Test files by group's name; one that no group names would never run, so it is a failure. */
function filesByGroup() {
  const found = new Map()
  const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  for (const path of all.filter((name) => name.endsWith('.test.ts')).sort()) {
    const file = `test/${path}`
    const group = groupOf(file)
    if (group === undefined) fail(file, 'belongs to no group of scripts/lib/groups.mjs')
    else found.set(group.name, [...(found.get(group.name) ?? []), file])
  }
  return found
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        grep: { type: 'string' },
        lanes: { type: 'string', default: '4' },
        help: { type: 'boolean' },
      },
    })
    if (values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    const names = values.only?.split(',')
    const unknown = names?.filter((name) => ![...checks, ...groups].some((g) => g.name === name))
    if (unknown?.length > 0) throw new Error(`no such group: ${unknown.join(', ')}`)
    if (!/^[1-9]$/.test(values.lanes)) throw new Error('--lanes is a number from 1 to 9')
    return { only: names, grep: values.grep, lanes: Number(values.lanes) }
  } catch (error) {
    process.stderr.write(`${error.message}\n${usage}`)
    process.exit(2)
  }
}
