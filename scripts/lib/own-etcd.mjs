/** The etcd that `npm start -- --own-etcd` runs for itself. */
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureDebianEtcd, ensureEtcd } from './ensure-etcd.mjs'
import { say } from './log.mjs'
import { endingWithParent } from './run.mjs'

const host = '127.0.0.1'
const readyMsMax = 60_000
const stopMsMax = 10_000
const outputKept = 4000

/**
 * Starts it and waits until it answers.
 *
 * @param {string} dataFolder
 */
export async function startOwnEtcd(dataFolder) {
  const { path, version } = await findEtcd()
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const port = await freePort(2379)
  const peerPort = await freePort(2380)
  const etcd = run(path, [
    ...['--name', 'anykeeper', '--data-dir', dataFolder],
    ...urls('client', port),
    ...urls('peer', peerPort),
    ...['--initial-cluster', `anykeeper=http://${host}:${peerPort}`],
    ...['--log-level', 'warn'],
  ])
  await waitUntilReady(etcd, port, dataFolder)
  say(`etcd ${version} on ${host}:${port}, data in ${dataFolder}`)
  return { ...etcd, store: `etcd://${host}:${port}` }
}

async function findEtcd() {
  const maintained = await ensureEtcd()
  if (maintained.path) return maintained
  say(maintained.problem)
  const debian = await ensureDebianEtcd()
  if (debian.path) {
    say(`WARNING: this is Debian's etcd ${debian.version}, without upstream's fixes of years.`)
    say('It will do to try anykeeper. For data that matters install a maintained etcd, or Go.')
    return debian
  }
  throw new Error(
    `there is no etcd to be had here (${debian.problem}). Install etcd or Go, name a running one ` +
      'with ETCD=host:port, or leave --own-etcd out: then the data lies in files under ./data',
  )
}

function urls(kind, port) {
  const url = `http://${host}:${port}`
  const advertise = kind === 'client' ? '--advertise-client-urls' : '--initial-advertise-peer-urls'
  return [`--listen-${kind}-urls`, url, advertise, url]
}

function run(path, args) {
  // Ctrl-C must not reach it before the server has said goodbye to it, hence detached; and it must
  // not outlive this process, even if that is killed.
  const [program, ...rest] = endingWithParent(path, args)
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: ownEnvironment(),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text) => {
      output = (output + text).slice(-outputKept)
    })
  }
  let ended = false
  const exited = new Promise((resolve) => {
    const end = (status) => {
      ended = true
      resolve(status)
    }
    child.once('error', (error) => end(error.message))
    child.once('exit', (code, signal) => end(code ?? signal))
  })
  process.once('exit', () => child.kill('SIGKILL'))
  return {
    exited,
    output: () => output,
    hasEnded: () => ended,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
      await exited
      clearTimeout(timer)
    },
  }
}

/** etcd reads a setting from ETCD_… for every flag: those are meant for another one. */
function ownEnvironment() {
  const foreign = /^ETCD_(?!UNSUPPORTED_ARCH$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}

/** Its own health page; that it still runs proves that the port is its own and nobody else's. */
async function waitUntilReady(etcd, port, dataFolder) {
  const deadline = performance.now() + readyMsMax
  for (;;) {
    const healthy = await isHealthy(port)
    if (etcd.hasEnded()) throw new Error(`etcd ended while starting:\n${etcd.output()}`)
    if (healthy) return
    if (performance.now() > deadline) {
      await etcd.stop()
      throw new Error(
        `etcd is not ready after ${readyMsMax / 1000} s; ` +
          `does another one use ${dataFolder}?\n${etcd.output()}`,
      )
    }
    await sleep(100)
  }
}

async function isHealthy(port) {
  try {
    const response = await fetch(`http://${host}:${port}/health`)
    return (await response.json()).health === 'true'
  } catch {
    return false
  }
}

/** The usual one if it is free, else any. */
async function freePort(usual) {
  return (await listenOnce(usual)) ?? (await listenOnce(0))
}

function listenOnce(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host }, () => {
      const { port: given } = server.address()
      server.close(() => resolve(given))
    })
  })
}
