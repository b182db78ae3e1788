/** The requests that wait to be committed, in order. Neighbours: group-committer, space-gate (holds some of them back). */
import type { StoreError } from '../../model/errors.ts'
import type { SpaceGate } from './space-gate.ts'
import type { CommitTask } from './task.ts'

export class RequestQueue {
  readonly #gate: SpaceGate
  #tasks: CommitTask[] = []

  constructor(gate: SpaceGate) {
    this.#gate = gate
  }

  get length(): number {
    return this.#tasks.length
  }

  /** None waits, or only for the store to have space. */
  get isIdle(): boolean {
    return this.#tasks.length <= this.#gate.waiting
  }

  /** Those that may be sent now, in order. */
  ready(): readonly CommitTask[] {
    if (this.#tasks.length === 0 || this.#gate.isOpen) {
      this.#gate.opened()
      return this.#tasks
    }
    return this.#gate.admit(this.#tasks)
  }

  push(task: CommitTask): void {
    this.#tasks.push(task)
  }

  /** `tasks` are at the front of what was {@link ready}. */
  remove(tasks: readonly CommitTask[]): void {
    const { length } = tasks
    if (length === 0) return
    if (this.#tasks[length - 1] === tasks[length - 1]) this.#tasks = this.#tasks.slice(length)
    else {
      const gone = new Set(tasks)
      this.#tasks = this.#tasks.filter((task) => !gone.has(task))
    }
  }

  /** They were here before all others. */
  putBack(tasks: readonly CommitTask[]): void {
    if (tasks.length > 0) this.#tasks = [...tasks, ...this.#tasks]
  }

  abandon(error: StoreError): void {
    for (const task of this.#tasks.splice(0)) task.abandoned(error)
  }
}
