/** One group of tests in a mocha process of its own, and what became of it. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './run.mjs'

const reporter = fileURLToPath(new URL('./reporter.mjs', import.meta.url))
const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js')

/** How long a process may stay after its last test. */
const lingerMsMax = 20_000

/**
 * @param {{name: string, minutesMax: number}} group
 * @param {{files: string[], grep?: string, env: Record<string, string>, isShown: boolean}} options
 *   isShown: the output goes to the terminal as it comes, else it is returned
 * @returns {Promise<{passed: number, failed: number, skipped: number, output: string,
 *   failures: {title: string, message: string}[], slowest?: {title: string, ms: number}}>}
 */
export async function runGroup(group, { files, grep, env, isShown }) {
  const folder = mkdtempSync(join(tmpdir(), 'anykeeper-test-'))
  const summaryFile = join(folder, 'summary.json')
  try {
    const args = [mocha, '--reporter', reporter, '--reporter-option', `summary=${summaryFile}`]
    if (grep !== undefined) args.push('--grep', grep)
    const end = await runMocha([...args, ...files], { group, summaryFile, env, isShown })
    return { ...judge(end, { summaryFile, grep }), output: end.output }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Resolves with why the process was ended, if it was, else with how it ended. */
function runMocha(args, { group, summaryFile, env, isShown }) {
  return new Promise((resolve, reject) => {
    // In a process group of its own, so that ending it ends all that its tests started.
    const child = spawn(process.execPath, args, {
      cwd: root,
      // The build is there: what tests start need not be compiled each time.
      env: { ...process.env, ...env, DIST_IS_BUILT: 'true' },
      stdio: ['ignore', ...Array(2).fill(isShown ? 'inherit' : 'pipe')],
      detached: true,
    })
    let output = ''
    for (const stream of isShown ? [] : [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output += text
      })
    }
    let why
    const killAll = (reason) => {
      why ??= reason
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Already gone.
      }
    }
    const interrupted = (signal) => {
      killAll(signal)
      process.exit(130)
    }
    process.once('SIGINT', interrupted)
    process.once('SIGTERM', interrupted)
    // Another group's handler may have ended this process first.
    const ended = () => killAll('exit')
    process.once('exit', ended)
    const limit = setTimeout(
      () => killAll(`took longer than ${group.minutesMax} minutes`),
      group.minutesMax * 60_000,
    )
    let endedAt
    const linger = setInterval(() => {
      if (endedAt === undefined && existsSync(summaryFile)) endedAt = performance.now()
      if (endedAt !== undefined && performance.now() - endedAt > lingerMsMax) {
        killAll('did not end after its last test: something is left open')
      }
    }, 500)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(limit)
      clearInterval(linger)
      process.removeListener('SIGINT', interrupted)
      process.removeListener('SIGTERM', interrupted)
      process.removeListener('exit', ended)
      // Output still in the pipe has its chance; a grandchild may hold the pipe open for longer.
      setTimeout(() => resolve({ why, code, signal, output }), isShown ? 0 : 100)
    })
  })
}

/** A process that did not come to its end, or ran nothing, is one failure more. */
function judge({ why, code, signal }, { summaryFile, grep }) {
  const complete = existsSync(summaryFile)
  const summary = complete
    ? JSON.parse(readFileSync(summaryFile, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0, failures: [] }
  const ran = summary.passed + summary.failed + summary.skipped
  let problem = why
  if (problem === undefined && summary.failed === 0) {
    const end = code ?? signal
    if (!complete) problem = `the test process ended amid its tests (${end})`
    else if (code !== 0) problem = `the test process crashed (${end})`
    else if (ran === 0 && grep === undefined) problem = 'no test ran'
  }
  if (problem !== undefined) {
    summary.failed++
    summary.failures.push({ title: '(the whole group)', message: problem })
  }
  return summary
}
