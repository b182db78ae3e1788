/**
 * Requests that wait for a batch: those of a session in their order, and no session ahead of others because it
 * sends more. Neighbours: group-committer (whose queue it is), batch-planner (takes from the front), space-gate (holds
 * some back).
 */
import { Fifo } from '../../base/fifo.ts'
import type { StoreError } from '../../model/errors.ts'
import { requestBytes } from './request-bytes.ts'
import type { CommitTask } from './task.ts'

/** A session's requests while more wait than go into the next batch. */
interface Lane {
  readonly session: object
  readonly tasks: Fifo<CommitTask>
}

/** Which requests may be sent now. */
export interface Gate {
  /** All may: nothing needs to be judged. */
  readonly isOpen: boolean
  /** How many were held back when they were judged last. */
  readonly waiting: number
  /** @returns a judge of requests, those of a session in their order */
  admission(): (task: CommitTask) => boolean
  /** So many are held back. */
  judged(waiting: number): void
}

/** A lane's turn is one part in so many of the front, and one request at least. */
const TURNS_PER_FRONT = 8

export class RequestQueue {
  readonly #gate: Gate
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
  constructor(frontBytesMax: number, gate: Gate) {
    this.#frontBytesMax = frontBytesMax
    this.#gate = gate
  }

  get length(): number {
    return this.#front.length + this.#waiting
  }

  /** None waits, or only for the gate. */
  get isIdle(): boolean {
    return this.length <= this.#gate.waiting
  }

  /** Requests of the keeper itself, such as the start of a session, wait in no lane. */
  push(task: CommitTask): void {
    const { session } = task
    const hasRoom = this.#lanes.size === 0 && this.#frontBytes < this.#frontBytesMax
    if (session === undefined || hasRoom) return this.#toFront(task)
    this.#waiting++
    this.#laneOf(session).tasks.push(task)
  }

  #laneOf(session: object): Lane {
    const known = this.#lanes.get(session)
    if (known !== undefined) return known
    const added = { session, tasks: new Fifo<CommitTask>() }
    this.#lanes.set(session, added)
    this.#light.push(added)
    return added
  }

  /** Those that may be sent now, in order: all, or about as much as goes into one batch. */
  ready(): readonly CommitTask[] {
    const gate = this.#gate
    if (gate.isOpen || this.length === 0) {
      if (gate.waiting > 0) gate.judged(0)
      if (this.#lanes.size > 0 && this.#frontBytes < this.#frontBytesMax) this.#refill()
      return this.#front
    }
    const mayPass = gate.admission()
    this.#holdBack(mayPass)
    if (this.#lanes.size > 0) this.#refill(mayPass)
    gate.judged(this.#waiting)
    return this.#front
  }

  /** Removes so many from the front of what was {@link ready}. */
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

  abandon(error: StoreError): void {
    for (const task of this.#clear()) task.abandoned(error)
  }

  #clear(): CommitTask[] {
    const left = [...this.#lanes.values()].flatMap(({ tasks }) => [...tasks])
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

  /** What may not pass goes from the front back to its session's lane, ahead of what is behind it. */
  #holdBack(mayPass: (task: CommitTask) => boolean): void {
    const held = new Map<object, CommitTask[]>()
    const passing: CommitTask[] = []
    for (const task of this.#front) {
      const { session } = task
      if (mayPass(task) || session === undefined) passing.push(task)
      else {
        const tasks = held.get(session)
        if (tasks === undefined) held.set(session, [task])
        else tasks.push(task)
        this.#frontBytes -= requestBytes(task.request)
        this.#waiting++
      }
    }
    if (held.size === 0) return
    this.#front = passing
    for (const [session, tasks] of held) this.#laneOf(session).tasks.unshift(tasks)
  }

  /** Those that waited least often first; and one of the others in any case, however many come. */
  #refill(mayPass?: (task: CommitTask) => boolean): void {
    const light = this.#light
    const heavy = this.#heavy
    this.#light = []
    this.#heavy = []
    const lightLeft = this.#turns(light, 0, mayPass)
    const heavyLeft = this.#turns(heavy, 1, mayPass)
    this.#light = lightLeft
    // Those that had their turn go behind those that did not.
    this.#heavy = [...heavyLeft, ...this.#heavy]
  }

  /** @returns those that had no turn */
  #turns(
    lanes: readonly Lane[],
    turnsMin: number,
    mayPass?: (task: CommitTask) => boolean,
  ): Lane[] {
    let turns = 0
    while (turns < lanes.length && (turns < turnsMin || this.#frontBytes < this.#frontBytesMax)) {
      this.#turn(lanes[turns++] as Lane, mayPass)
    }
    return lanes.slice(turns)
  }

  #turn(lane: Lane, mayPass?: (task: CommitTask) => boolean): void {
    const untilBytes = this.#frontBytes + this.#frontBytesMax / TURNS_PER_FRONT
    const { tasks } = lane
    do {
      const next = tasks.first as CommitTask
      if (mayPass?.(next) === false) break
      tasks.shift()
      this.#waiting--
      this.#toFront(next)
    } while (tasks.length > 0 && this.#frontBytes < untilBytes)
    if (tasks.length > 0) this.#heavy.push(lane)
    else this.#lanes.delete(lane.session)
  }
}
