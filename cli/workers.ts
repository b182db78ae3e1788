/**
 * `serve --workers N`: this process holds the port and distributes connections round-robin to N
 * workers, each a proxy of its own on the shared store. A worker that dies is replaced; its clients
 * reconnect to the others, as with any killed proxy. Line: serve → here → serve, once per worker.
 */
import cluster, { type Worker } from 'node:cluster'
import { InvalidArgumentError } from 'commander'
import type { Logger } from '../lib/index.ts'
import { isTerminalGone } from './hang-up.ts'
import type { Reload } from './reload.ts'
import { parsePositive } from './settings/parse.ts'

/** Each worker holds the whole tree in memory. */
const WORKERS_MAX = 64
/** Delay between a worker's end and its replacement's start, ms. */
const RESTART_MS = 1_000

export function parseWorkers(text: string): number {
  const count = parsePositive(text)
  if (count > WORKERS_MAX)
    throw new InvalidArgumentError(`expected at most ${WORKERS_MAX} workers.`)
  return count
}

/** This worker's number, from 1; a replacement has a new one. 0: this process is no worker. */
export const workerNumber = (): number => cluster.worker?.id ?? 0

/** Prints the line that says "ready"; a worker leaves it to the process that holds the port. */
export function announce(line: string): void {
  if (cluster.worker === undefined) process.stdout.write(`${line}\n`)
  else cluster.worker.send({ ready: line })
}

/**
 * Runs until a signal. The exit code is that of a worker that fails at startup; otherwise 0, or 1 if a
 * worker did not stop cleanly.
 */
export function superviseWorkers(count: number, logger: Logger, reload: Reload): void {
  const workers = new Set<Worker>()
  let serving = 0
  let announced = false
  let stopping = false
  let exitCode = 0

  const stop = (signal: string): void => {
    if (stopping) return
    stopping = true
    logger.info({ signal, workers: workers.size }, 'stopping workers')
    for (const worker of workers) worker.process.kill('SIGTERM')
    if (workers.size === 0) process.exit(exitCode)
  }

  const start = (): void => {
    const worker = cluster.fork()
    workers.add(worker)
    logger.info({ worker: worker.id, workerPid: worker.process.pid }, 'worker started')
    worker.on('message', ({ ready }: { ready: string }) => {
      serving++
      if (announced) return
      // The first worker starts alone: what prevents serving is then reported once.
      if (serving === 1) for (let i = 1; i < count; i++) start()
      if (serving < count) return
      announced = true
      process.stdout.write(`${ready}\n`)
    })
    worker.on('exit', (code: number | null, signal: string | null) => {
      workers.delete(worker)
      if (!announced || stopping) {
        exitCode ||= code ?? 1
        if (!stopping) stop('worker failed')
        else if (workers.size === 0) process.exit(exitCode)
        return
      }
      logger.error({ worker: worker.id, code, signal }, 'worker ended: replacement starts')
      setTimeout(() => {
        if (!stopping) start()
      }, RESTART_MS)
    })
  }

  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  process.on('SIGHUP', () => {
    if (isTerminalGone()) return stop('SIGHUP')
    // Errors are reported once: the workers would read the same.
    void reload.run().then((isUsable) => {
      if (isUsable) for (const worker of workers) worker.process.kill('SIGHUP')
    })
  })
  start()
}
