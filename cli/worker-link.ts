/** A worker's side of the link to the process that holds the port. Neighbours: workers (the other side), serve. */
import cluster from 'node:cluster'
import type { ProcessReport, WorkerMetrics } from '../proxy/index.ts'
import type { FromWorker, ToWorker } from './worker-messages.ts'

/** On top of the deadline that the workers have, ms: for the way there and back. */
const LINK_MS = 500

export class WorkerLink {
  readonly #deadlineMs: number
  readonly #waiting = new Map<number, (others: WorkerMetrics | undefined) => void>()
  #asked: Promise<WorkerMetrics> | undefined
  #lastId = 0

  private constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs + LINK_MS
  }

  /** undefined: this process is no worker. */
  static open(deadlineMs: number): WorkerLink | undefined {
    return cluster.worker === undefined ? undefined : new WorkerLink(deadlineMs)
  }

  /** From now on the other side is answered. */
  start(own: () => Promise<ProcessReport>, onReload: () => void): void {
    process.on('message', (message: ToWorker) => {
      if (message.type === 'reload') onReload()
      else if (message.type === 'others') this.#waiting.get(message.id)?.(message.others)
      else if (message.type === 'report') {
        const { id } = message
        void own().then((report) => send({ type: 'own', id, report }))
      }
    })
  }

  ready(line: string): void {
    send({ type: 'ready', line })
  }

  /** The metrics of the other workers. Whoever asks meanwhile gets the same. Rejects when there is no answer in time. */
  collect(): Promise<WorkerMetrics> {
    this.#asked ??= this.#collect().finally(() => {
      this.#asked = undefined
    })
    return this.#asked
  }

  #collect(): Promise<WorkerMetrics> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const answer = (others: WorkerMetrics | undefined) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        if (others === undefined) reject(new Error('the process that holds the port is silent'))
        else resolve(others)
      }
      const timer = setTimeout(() => answer(undefined), this.#deadlineMs)
      this.#waiting.set(id, answer)
      send({ type: 'collect', id })
    })
  }
}

/** The other side may have ended: then so does this process, by the signal or the disconnect. */
function send(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}
