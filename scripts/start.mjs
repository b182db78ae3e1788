/**
 * `npm start [-- arguments of anykeeper serve]`: gets what is missing, builds, and serves from the
 * store that --store, ANYKEEPER_STORE or ETCD names, else from files under ./data. With --own-etcd it
 * starts an etcd as a child and serves from that.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuild } from './lib/ensure-build.mjs'
import { ensureNodeModules } from './lib/ensure-node-modules.mjs'
import { say } from './lib/log.mjs'
import { startOwnEtcd } from './lib/own-etcd.mjs'
import { endingWithParent, root } from './lib/run.mjs'
import { chooseStore, OWN_ETCD } from './lib/store-choice.mjs'

const args = process.argv.slice(2)
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const onceMs = 1000
const exitEarly = () => process.exit(130)

try {
  await main()
} catch (error) {
  say(error.message)
  process.exitCode = 1
}

async function main() {
  // With the default action the exit handlers, which end the children, would not run.
  for (const signal of signals) process.on(signal, exitEarly)
  endWithNpm()
  await ensureNodeModules()
  await ensureBuild()
  const program = join(root, 'dist', 'cli.js')
  if (!existsSync(program)) throw new Error('there is no dist/cli.js, although the build went well')
  const choice = await chooseStore(args, process.env)
  if (choice.hint !== undefined) say(choice.hint)
  if (!choice.ownEtcd) return serve(program, choice.args)
  const etcd = await startOwnEtcd(join(root, 'data', 'etcd'))
  try {
    await serve(program, ['--store', etcd.store], etcd)
  } finally {
    await etcd.stop()
  }
}

/** Until the server ends; the signals that end it are passed on, and it ends before its etcd. */
function serve(program, storeArgs, etcd) {
  return new Promise((resolve, reject) => {
    // A process group of its own: Ctrl-C reaches it once, through the handler below.
    const [command, ...rest] = endingWithParent(process.execPath, [
      ...[program, 'serve', ...storeArgs],
      ...args.filter((arg) => arg !== OWN_ETCD),
    ])
    const child = spawn(command, rest, { stdio: 'inherit', detached: true })
    // Ctrl-C comes twice, from the terminal and from npm: once is meant.
    let passedOnAt = Number.NEGATIVE_INFINITY
    for (const signal of signals) {
      process.removeListener(signal, exitEarly)
      process.on(signal, () => {
        if (performance.now() - passedOnAt < onceMs) return
        passedOnAt = performance.now()
        child.kill(signal)
      })
    }
    process.once('exit', () => child.kill('SIGKILL'))
    etcd?.exited.then((status) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      say(`etcd ended by itself (${status}), so the server ends too\n${etcd.output()}`)
      process.exitCode = 1
      child.kill('SIGTERM')
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      process.exitCode ||= code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)
      resolve()
    })
  })
}

/** npm passes SIGINT and SIGTERM on, but cannot when it is killed. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, 500)
  timer.unref()
}
