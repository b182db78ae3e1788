/**
 * The batches in flight to the store, in order: each is guarded by the one before it.
 * Neighbours: group-committer (whose batches they are), batch-sender (sends one of them).
 */
import type { Layout } from '../../format/layout.ts'
import type { StoreError } from '../../model/errors.ts'
import type { Compare, Revision } from '../../store/types.ts'
import type { PlannedBatch } from './batch-planner.ts'
import type { CommitTask } from './task.ts'

/** What became of a batch. Apart from it: the batch behind it waits for this, and must not keep it in memory. */
interface Fate {
  /** Applied, lost or abandoned: nothing is left to do for it. */
  settled: boolean
  /** Of its commit; 0: unknown. */
  revision: Revision
}

/** A batch in flight to the store. */
export class InFlight {
  readonly planned: PlannedBatch
  /** What must hold: head is as the batch before it leaves it. */
  readonly guards: readonly Compare[]
  /** Of the batch of ours it is planned on, where that one was not applied yet. */
  readonly before: Readonly<Fate> | undefined
  /** Monotonic ms. */
  readonly sentMs: number
  readonly #fate: Fate = { settled: false, revision: 0 }

  constructor(
    planned: PlannedBatch,
    guards: readonly Compare[],
    before: InFlight | undefined,
    sentMs: number,
  ) {
    this.planned = planned
    this.guards = guards
    this.before = before === undefined ? undefined : before.#fate
    this.sentMs = sentMs
  }

  get settled(): boolean {
    return this.#fate.settled
  }
  set settled(settled: boolean) {
    this.#fate.settled = settled
  }
  get revision(): Revision {
    return this.#fate.revision
  }
  set revision(revision: Revision) {
    this.#fate.revision = revision
  }
}

export class Chain {
  readonly #layout: Layout
  #batches: InFlight[] = []

  constructor(layout: Layout) {
    this.#layout = layout
  }

  get length(): number {
    return this.#batches.length
  }
  get oldest(): InFlight | undefined {
    return this.#batches[0]
  }
  get newest(): InFlight | undefined {
    return this.#batches.at(-1)
  }
  get requestCount(): number {
    let count = 0
    for (const { planned } of this.#batches) count += planned.tasks.length
    return count
  }

  /** Puts a batch at the end. `headValue`: what head is, if no batch is before it; undefined: absent. */
  add(planned: PlannedBatch, headValue: Uint8Array | undefined, sentMs: number): InFlight {
    const before = this.newest
    const { head } = this.#layout
    // What head must be: as our own batch before will leave it, or as the replica has it. Its value, for
    // a store that was restored may give a revision a second time.
    const value = before === undefined ? headValue : before.planned.head
    const guard: Compare =
      value === undefined
        ? { target: 'version', key: head, equals: 0 }
        : { target: 'value', key: head, equals: value }
    const next = new InFlight(planned, [guard], before, sentMs)
    this.#batches.push(next)
    return next
  }

  indexOf(batch: InFlight): number {
    return this.#batches.indexOf(batch)
  }

  /** Takes the oldest batch out: it is applied. There must be one. */
  shift(): InFlight {
    return this.#batches.shift() as InFlight
  }

  /** Removes the batch at `index` and those behind it: they are lost. @returns their requests */
  cut(index: number): CommitTask[] {
    const tasks: CommitTask[] = []
    for (const batch of this.#batches.splice(index)) {
      batch.settled = true
      for (const task of batch.planned.tasks) tasks.push(task)
    }
    return tasks
  }

  /** Removes all batches: their outcome is unknown, and will not be waited for. */
  abandon(error: StoreError): void {
    const batches = this.#batches
    this.#batches = []
    for (const batch of batches) {
      batch.settled = true
      for (const task of batch.planned.tasks) task.abandoned(error)
    }
  }
}
