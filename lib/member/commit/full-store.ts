/**
 * What becomes of requests while the store has no space: those of clients are refused, one by one, so that a large
 * one does not take small ones with it; the keeper's own wait. A write that the store takes ends it.
 * Neighbours: group-committer, batch-planner, session-manager (no session expires meanwhile).
 */
import type { Clock } from '../../base/clock.ts'
import type { Faults } from '../../base/faults.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { type StoreError, ZK_ERRORS } from '../../model/errors.ts'
import type { PlannedBatch } from './batch-planner.ts'
import { answerTask } from './fault.ts'
import type { CommitTask } from './task.ts'

export interface FullStoreOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: Faults
  readonly limits: Pick<
    KeeperLimits,
    'batchRequestsMax' | 'commitSilenceMsMax' | 'noSpaceRetryMs' | 'noSpaceLogMs'
  >
  readonly counters: { noSpaceRefusals: number }
  readonly submit: (task: CommitTask) => void
  /** It is time to see whether the store takes a write. */
  readonly onProbe: () => void
}

export class FullStore {
  /** A batch that writes nothing but itself is to be sent. */
  probeDue = false
  readonly #options: FullStoreOptions
  /** Since when, monotonic ms; undefined: the store takes writes. */
  #sinceMs: number | undefined
  #refusedBefore = 0
  #tasksMax: number
  /** When a request of the keeper's own was refused first, monotonic ms. */
  readonly #refusedMs = new WeakMap<CommitTask, number>()
  /** Those that are to be tried again. */
  #waiting: CommitTask[] = []
  /** When its end or beginning was logged last, monotonic ms, and whether the beginning was. */
  #loggedMs = Number.NEGATIVE_INFINITY
  #isLogged = false
  #cancel: (() => void) | undefined

  constructor(options: FullStoreOptions) {
    this.#options = options
    this.#tasksMax = options.limits.batchRequestsMax
  }

  /** For how long it has been full. 0: it is not. Unit ms. */
  get forMs(): number {
    if (this.#sinceMs === undefined) return 0
    return Math.max(1, this.#options.clock.monotonic() - this.#sinceMs)
  }

  /** Requests that one batch may carry now. */
  get tasksMax(): number {
    return this.#tasksMax
  }

  /**
   * The store has no space for this batch, and applied nothing of it. Answers the request that was alone in it.
   * @returns what is to be planned again
   */
  refuse({ tasks, flush }: PlannedBatch, zxid: number, error: StoreError): readonly CommitTask[] {
    const { length } = flush.portion.entries
    // Without the records, or with fewer, it may fit: that says nothing of the store yet.
    if (length > 1 || (length > 0 && tasks.length > 0)) return tasks
    this.#begin(error)
    if (tasks.length > 1) {
      this.#tasksMax = Math.floor(tasks.length / 2)
      return tasks
    }
    const [task] = tasks
    if (task?.session === undefined) {
      if (task !== undefined) this.#hold(task, error)
      return []
    }
    this.#options.counters.noSpaceRefusals++
    answerTask(task, zxid, ZK_ERRORS.SYSTEM_ERROR.errno, this.#options.faults)
    return []
  }

  /** The store took a batch. */
  took(): void {
    const { clock, logger, limits, counters } = this.#options
    this.probeDue = false
    this.#tasksMax = Math.min(2 * this.#tasksMax, limits.batchRequestsMax)
    if (this.#sinceMs === undefined) return
    const forMs = Math.round(clock.monotonic() - this.#sinceMs)
    this.#sinceMs = undefined
    this.#cancel?.()
    this.#retry()
    if (!this.#isLogged) return
    this.#isLogged = false
    const refused = counters.noSpaceRefusals - this.#refusedBefore
    logger.info({ forMs, refused }, 'the store takes writes again')
  }

  /** The keeper closed. */
  stop(error: StoreError): void {
    this.#cancel?.()
    for (const task of this.#waiting.splice(0)) task.abandoned(error)
  }

  #begin(error: StoreError): void {
    if (this.#sinceMs !== undefined) return
    const { clock, logger, limits, counters } = this.#options
    this.#sinceMs = clock.monotonic()
    this.#arm()
    // Where small writes still fit, it begins and ends all the time.
    if (this.#sinceMs - this.#loggedMs < limits.noSpaceLogMs) return
    this.#loggedMs = this.#sinceMs
    this.#isLogged = true
    this.#refusedBefore = counters.noSpaceRefusals
    logger.error({ reason: error.message }, 'the store is full: writes are refused, reads continue')
  }

  /** A client that comes or comes back does not wait longer than one that is connected. */
  #hold(task: CommitTask, error: StoreError): void {
    const { clock, limits } = this.#options
    const now = clock.monotonic()
    const sinceMs = this.#refusedMs.get(task) ?? now
    this.#refusedMs.set(task, sinceMs)
    const { type } = task.request
    const isClients = type === 'openSession' || type === 'moveSession'
    if (isClients && now - sinceMs >= limits.commitSilenceMsMax) task.abandoned(error)
    else this.#waiting.push(task)
  }

  #arm(): void {
    const { clock, limits } = this.#options
    this.#cancel = clock.after(limits.noSpaceRetryMs, () => {
      if (this.#sinceMs === undefined) return
      this.#arm()
      this.#retry()
      this.probeDue = true
      this.#options.onProbe()
    })
  }

  #retry(): void {
    for (const task of this.#waiting.splice(0)) this.#options.submit(task)
  }
}
