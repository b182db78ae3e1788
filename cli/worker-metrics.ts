/** Collects the metrics of workers, in the process that holds the port. Neighbours: workers, worker-link. */
import type { ProcessReport, WorkerMetrics } from '../proxy/index.ts'
import type { ToWorker } from './worker-messages.ts'

/** A worker, as far as this asks it. */
export interface Reporter {
  send(message: ToWorker): void
}

interface Waiting {
  readonly reporter: Reporter
  readonly answer: (report: ProcessReport | undefined) => void
}

export class WorkerReports {
  readonly #deadlineMs: number
  readonly #waiting = new Map<number, Waiting>()
  /** One request to a worker is in flight at a time: whoever wants its metrics meanwhile gets the same. */
  readonly #asked = new Map<Reporter, Promise<ProcessReport | undefined>>()
  #lastId = 0

  /** @param deadlineMs a worker that has not answered by then is left out */
  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs
  }

  /** Never rejects. */
  async collect(reporters: Iterable<Reporter>): Promise<WorkerMetrics> {
    const answers = await Promise.all([...reporters].map((reporter) => this.#ask(reporter)))
    const got = answers.filter((report) => report !== undefined)
    return { reports: got, silent: answers.length - got.length }
  }

  /** The worker has answered. A late answer is dropped. */
  received(id: number, report: ProcessReport): void {
    this.#waiting.get(id)?.answer(report)
  }

  /** The worker has ended: it will not answer. */
  ended(reporter: Reporter): void {
    for (const { reporter: asked, answer } of [...this.#waiting.values()]) {
      if (asked === reporter) answer(undefined)
    }
  }

  #ask(reporter: Reporter): Promise<ProcessReport | undefined> {
    const asked = this.#asked.get(reporter)
    if (asked !== undefined) return asked
    const id = ++this.#lastId
    const answered = new Promise<ProcessReport | undefined>((resolve) => {
      const answer = (report: ProcessReport | undefined) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        this.#asked.delete(reporter)
        resolve(report)
      }
      const timer = setTimeout(() => answer(undefined), this.#deadlineMs)
      this.#waiting.set(id, { reporter, answer })
    })
    this.#asked.set(reporter, answered)
    reporter.send({ type: 'report', id })
    return answered
  }
}
