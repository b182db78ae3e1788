/** Collects the metrics of workers, in the process that holds the port. Neighbours: workers, worker-link. */
import type { Metric, WorkerMetrics } from '../proxy/index.ts'
import type { ToWorker } from './worker-messages.ts'

/** A worker, as far as this asks it. */
export interface Reporter {
  send(message: ToWorker): void
}

interface Waiting {
  readonly reporter: Reporter
  readonly answer: (metrics: readonly Metric[] | undefined) => void
}

export class WorkerReports {
  readonly #deadlineMs: number
  readonly #waiting = new Map<number, Waiting>()
  /** One request to a worker is in flight at a time: whoever wants its metrics meanwhile gets the same. */
  readonly #asked = new Map<Reporter, Promise<readonly Metric[] | undefined>>()
  #lastId = 0

  /** @param deadlineMs a worker that has not answered by then is left out */
  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs
  }

  /** Never rejects. */
  async collect(reporters: Iterable<Reporter>): Promise<WorkerMetrics> {
    const answers = await Promise.all([...reporters].map((reporter) => this.#ask(reporter)))
    const lists = answers.filter((metrics) => metrics !== undefined)
    return { lists, silent: answers.length - lists.length }
  }

  /** The worker has answered. A late answer is dropped. */
  received(id: number, metrics: readonly Metric[]): void {
    this.#waiting.get(id)?.answer(metrics)
  }

  /** The worker has ended: it will not answer. */
  ended(reporter: Reporter): void {
    for (const { reporter: asked, answer } of [...this.#waiting.values()]) {
      if (asked === reporter) answer(undefined)
    }
  }

  #ask(reporter: Reporter): Promise<readonly Metric[] | undefined> {
    const asked = this.#asked.get(reporter)
    if (asked !== undefined) return asked
    const id = ++this.#lastId
    const answered = new Promise<readonly Metric[] | undefined>((resolve) => {
      const answer = (metrics: readonly Metric[] | undefined) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        this.#asked.delete(reporter)
        resolve(metrics)
      }
      const timer = setTimeout(() => answer(undefined), this.#deadlineMs)
      this.#waiting.set(id, { reporter, answer })
    })
    this.#asked.set(reporter, answered)
    reporter.send({ type: 'report', id })
    return answered
  }
}
