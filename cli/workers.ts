/**
 * `serve --workers N`: this process holds the port and distributes connections round-robin to N
 * workers, each a proxy of its own on the shared store. A worker that dies is replaced; its clients
 * reconnect to the others, as with any killed proxy. Line: serve → here → serve, once per worker.
 */
import cluster, { type Worker } from 'node:cluster'
import type { Logger } from '../lib/index.ts'
import { isTerminalGone } from './hang-up.ts'
import type { Reload } from './reload.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'
import { WorkerReports } from './worker-metrics.ts'

/** Delay between a worker's end and its replacement's start, ms. */
const RESTART_MS = 1_000

/** This worker's number, from 1; a replacement has a new one. 0: this process is no worker. */
export const workerNumber = (): number => cluster.worker?.id ?? 0

interface SuperviseOptions {
  readonly count: number
  /** How long a worker may take to report its metrics, ms. */
  readonly answerTimeoutMs: number
  readonly logger: Logger
  readonly reload: Reload
}

/** One worker, as this process sees it. */
interface Supervised {
  readonly worker: Worker
  /** It serves, and receives messages. */
  isReady: boolean
  /** Settings were reloaded since it read them. */
  isStale: boolean
  send(message: ToWorker): void
}

/**
 * Runs until a signal. The exit code is that of a worker that fails at startup; otherwise 0, or 1 if a
 * worker did not stop cleanly.
 */
export function superviseWorkers(options: SuperviseOptions): void {
  const { count, logger, reload } = options
  const workers = new Set<Supervised>()
  const reports = new WorkerReports(options.answerTimeoutMs)
  let serving = 0
  let announced = false
  let stopping = false
  let exitCode = 0

  /** Also a second one: it ends their wait for clients to go elsewhere. */
  const stop = (signal: string): void => {
    if (!stopping) logger.info({ signal, workers: workers.size }, 'stopping workers')
    stopping = true
    for (const { worker } of workers) worker.process.kill('SIGTERM')
    if (workers.size === 0) process.exit(exitCode)
  }

  const ready = (line: string): void => {
    serving++
    if (announced) return
    // The first worker starts alone: what prevents serving is then reported once.
    if (serving === 1) for (let i = 1; i < count; i++) start()
    if (serving < count) return
    announced = true
    process.stdout.write(`${line}\n`)
  }

  /** A worker that has not begun to serve has nothing to add. */
  const collect = async (asking: Supervised, id: number): Promise<void> => {
    const others = [...workers].filter((one) => one !== asking && one.isReady)
    asking.send({ type: 'others', id, others: await reports.collect(others) })
  }

  const start = (): void => {
    const supervised = superviseOne(cluster.fork())
    const { worker } = supervised
    workers.add(supervised)
    logger.info({ worker: worker.id, workerPid: worker.process.pid }, 'worker started')
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'own') reports.received(message.id, message.report)
      else if (message.type === 'collect') void collect(supervised, message.id)
      else if (message.type === 'ready') {
        supervised.isReady = true
        if (supervised.isStale) supervised.send({ type: 'reload' })
        ready(message.line)
      }
    })
    worker.on('exit', (code: number | null, signal: string | null) => {
      workers.delete(supervised)
      reports.ended(supervised)
      if (!announced || stopping) {
        // One that has only begun to start knows no signal, and ends by ours.
        const isOurs = stopping && signal === 'SIGTERM'
        exitCode ||= code ?? (isOurs ? 0 : 1)
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
      if (!isUsable) return
      for (const one of workers) {
        if (one.isReady) one.send({ type: 'reload' })
        else one.isStale = true
      }
    })
  })
  start()
}

function superviseOne(worker: Worker): Supervised {
  return {
    worker,
    isReady: false,
    isStale: false,
    // It may have ended, which is seen by its exit.
    send: (message) => {
      if (worker.isConnected()) worker.send(message, undefined, () => {})
    },
  }
}
