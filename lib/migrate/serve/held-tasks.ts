/** Requests that wait for the end of a take-over, in their order, each for so long at most. Neighbour: zookeeper-upstream. */
import type { Clock } from '../../base/clock.ts'
import { Fifo } from '../../base/fifo.ts'
import type { CommitTask } from '../../member/commit/task.ts'

export class HeldTasks {
  readonly #clock: Clock
  readonly #tasks = new Fifo<{ readonly task: CommitTask; readonly sinceMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#tasks.length
  }

  add(task: CommitTask): void {
    this.#tasks.push({ task, sinceMs: this.#clock.monotonic() })
  }

  /** All of them. */
  take(): CommitTask[] {
    return this.takeOlderThan(Number.NEGATIVE_INFINITY)
  }

  takeOlderThan(ms: number): CommitTask[] {
    const beforeMs = this.#clock.monotonic() - ms
    const taken: CommitTask[] = []
    while (this.#tasks.first !== undefined && this.#tasks.first.sinceMs <= beforeMs) {
      taken.push(this.#tasks.shift().task)
    }
    return taken
  }
}
