/**
 * Requests that wait for a batch: those of a session in their order, and no session ahead of others because it
 * sends more. Neighbours: group-committer (whose queue it is), batch-planner (takes from the front).
 */
import { requestBytes } from './request-bytes.ts'
import type { CommitTask } from './task.ts'

/** A session's requests while more wait than go into the next batch. */
interface Lane {
  readonly session: object
  readonly tasks: CommitTask[]
  /** Of `tasks`, how many were taken. */
  taken: number
}

/** A lane's turn is one part in so many of the front, and one request at least. */
const TURNS_PER_FRONT = 8

export class FairQueue {
  readonly #frontBytesMax: number
  /** What the next batch is made of, in its order. */
  #front: CommitTask[] = []
  #frontBytes = 0
  readonly #lanes = new Map<object, Lane>()
  /** Lanes that have not had a turn yet, and those that used theirs and have more. */
  #light: Lane[] = []
  #heavy: Lane[] = []
  #waiting = 0

  /** `frontBytesMax`: about as much as goes into one batch. With no more than this, requests keep their order. */
  constructor(frontBytesMax: number) {
    this.#frontBytesMax = frontBytesMax
  }

  get length(): number {
    return this.#front.length + this.#waiting
  }

  /** Requests of the keeper itself, such as the start of a session, wait in no lane. */
  push(task: CommitTask): void {
    const { session } = task
    const hasRoom = this.#lanes.size === 0 && this.#frontBytes < this.#frontBytesMax
    if (session === undefined || hasRoom) return this.#toFront(task)
    this.#waiting++
    const lane = this.#lanes.get(session)
    if (lane !== undefined) {
      lane.tasks.push(task)
      return
    }
    const added = { session, tasks: [task], taken: 0 }
    this.#lanes.set(session, added)
    this.#light.push(added)
  }

  /** The next requests, in order: all, or about as much as goes into one batch. */
  get front(): readonly CommitTask[] {
    if (this.#lanes.size > 0 && this.#frontBytes < this.#frontBytesMax) this.#refill()
    return this.#front
  }

  /** Removes so many from the front. */
  take(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#frontBytes -= requestBytes((this.#front[i] as CommitTask).request)
    }
    this.#front = this.#front.slice(count)
  }

  /** They are next again, before all others. */
  putBack(tasks: readonly CommitTask[]): void {
    for (const { request } of tasks) this.#frontBytes += requestBytes(request)
    this.#front = [...tasks, ...this.#front]
  }

  /** Removes all. */
  clear(): CommitTask[] {
    const left = [...this.#lanes.values()].flatMap(({ tasks, taken }) => tasks.slice(taken))
    const all = [...this.#front, ...left]
    this.#front = []
    this.#frontBytes = 0
    this.#lanes.clear()
    this.#light = []
    this.#heavy = []
    this.#waiting = 0
    return all
  }

  #toFront(task: CommitTask): void {
    this.#front.push(task)
    this.#frontBytes += requestBytes(task.request)
  }

  /** Those that waited least often first; and one of the others in any case, however many come. */
  #refill(): void {
    const light = this.#light
    const heavy = this.#heavy
    this.#light = []
    this.#heavy = []
    const lightLeft = this.#turns(light, 0)
    const heavyLeft = this.#turns(heavy, 1)
    this.#light = lightLeft
    // Those that had their turn go behind those that did not.
    this.#heavy = [...heavyLeft, ...this.#heavy]
  }

  /** @returns those that had no turn */
  #turns(lanes: readonly Lane[], turnsMin: number): Lane[] {
    let turns = 0
    while (turns < lanes.length && (turns < turnsMin || this.#frontBytes < this.#frontBytesMax)) {
      this.#turn(lanes[turns++] as Lane)
    }
    return lanes.slice(turns)
  }

  #turn(lane: Lane): void {
    const untilBytes = this.#frontBytes + this.#frontBytesMax / TURNS_PER_FRONT
    do {
      this.#toFront(lane.tasks[lane.taken++] as CommitTask)
      this.#waiting--
    } while (lane.taken < lane.tasks.length && this.#frontBytes < untilBytes)
    if (lane.taken < lane.tasks.length) this.#heavy.push(lane)
    else this.#lanes.delete(lane.session)
  }
}
