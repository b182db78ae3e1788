/**
 * `serve --workers N`: this process holds the port and hands connections out in turn; N others serve
 * them, each a proxy of its own on the shared store. One that dies is replaced, and its clients find the
 * others, as with any killed proxy. Line: serve → here → serve, once per worker.
 */
import cluster, { type Worker } from 'node:cluster'
import { InvalidArgumentError } from 'commander'
import type { Logger } from '../lib/index.ts'
import { parsePositive } from './flags.ts'

/** Each holds the whole tree in its memory. */
const WORKERS_MAX = 64
/** Between a worker's death and its successor's start, ms. */
const RESTART_MS = 1_000

export function parseWorkers(text: string): number {
  const count = parsePositive(text)
  if (count > WORKERS_MAX) throw new InvalidArgumentError(`at most ${WORKERS_MAX} workers.`)
  return count
}

/** This process's number among the workers, from 1 on; a successor has a new one. 0: it is none. */
export const workerNumber = (): number => cluster.worker?.id ?? 0

/** What is printed when a server serves: by itself, or by the process that holds the port. */
export function announce(line: string): void {
  if (cluster.worker === undefined) process.stdout.write(`${line}\n`)
  else cluster.worker.send({ ready: line })
}

/**
 * Runs until a signal. Ends the process with the exit code of a worker that does not get to serve at
 * start, otherwise with 0, or 1 when a worker did not stop cleanly.
 */
export function superviseWorkers(count: number, logger: Logger): void {
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
      // The first one alone finds out what is wrong, and says it once.
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
      logger.error({ worker: worker.id, code, signal }, 'worker ended, another is started')
      setTimeout(() => {
        if (!stopping) start()
      }, RESTART_MS)
    })
  }

  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  start()
}
