/**
 * One scene of the table of counters and queues: two clients work on one of them without an end, and a ledger says what it
 * must be. Neighbours: work-scenes, work-faults, recipe-play (the beds).
 */
import { expect } from 'chai'
import type { ZooKeeper } from '../../lib/index.ts'
import { outcomeOf } from './recipe-bench.ts'
import type { Bed, Seat } from './recipe-play.ts'

/** Steps of one client in the time of a session, about. */
const STEPS_PER_SESSION = 100
/** So many steps succeed after a fault before it is over. */
const STEPS_AFTER = 3

/** Of what a call with an unknown outcome has done. */
export type Applied = 'applied' | 'not' | 'either'

export interface Ledger {
  /** One step of one client. @throws what its call failed with */
  step(client: ZooKeeper, signal: AbortSignal): Promise<void>
  /** What the observer finds is what the steps have reported. `unknown`: what became of those writes. */
  check(observer: ZooKeeper, unknown: Applied): Promise<void>
}

export interface Work {
  readonly name: string
  /** Writes of one step. */
  readonly writes: number
  open(a: ZooKeeper, b: ZooKeeper): Ledger
}

export class Worker {
  readonly seat: Seat
  readonly #ledger: Ledger
  readonly #ended: Promise<void>
  #isRunning = true
  #abort = new AbortController()
  steps = 0
  /** Codes of what steps failed with. */
  readonly failures: string[] = []

  constructor(seat: Seat, ledger: Ledger) {
    this.seat = seat
    this.#ledger = ledger
    this.#ended = this.#run()
  }

  async #run(): Promise<void> {
    const { client } = this.seat
    while (this.#isRunning && !client.isEnded) {
      try {
        await this.#ledger.step(client, this.#abort.signal)
        this.steps += 1
      } catch (error) {
        const { code, name } = error as { code?: unknown; name: string }
        this.failures.push(typeof code === 'string' ? code : name)
        this.#abort = new AbortController()
      }
      await new Promise<void>((resolve) =>
        client.clock.after(client.timeoutMs / STEPS_PER_SESSION, resolve),
      )
    }
  }

  /** Its step is aborted. */
  abort(): void {
    this.#abort.abort()
  }

  stop(): Promise<void> {
    this.#isRunning = false
    return this.#ended
  }
}

export class WorkPlay {
  readonly bed: Bed
  readonly a: Worker
  readonly b: Worker
  readonly #observer: Seat
  readonly #ledger: Ledger
  /** What became of the writes whose outcome is unknown. */
  applied: Applied = 'either'

  constructor(bed: Bed, work: Work, [a, b, observer]: readonly [Seat, Seat, Seat]) {
    this.bed = bed
    this.#observer = observer
    this.#ledger = work.open(a.client, b.client)
    this.a = new Worker(a, this.#ledger)
    this.b = new Worker(b, this.#ledger)
  }

  until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
    return this.bed.until(what, check)
  }

  /** All that live get on. */
  async works(workers: readonly Worker[] = [this.a, this.b]): Promise<void> {
    const enough = workers.map(({ steps }) => steps + STEPS_AFTER)
    await this.until('steps', () => workers.every(({ steps }, at) => steps >= Number(enough[at])))
  }

  async end(): Promise<void> {
    for (const { seat } of [this.a, this.b]) seat.mend()
    await this.#settles(Promise.all([this.a.stop(), this.b.stop()]))
    const { client } = this.#observer
    await this.#settles(client.sync())
    await this.#settles(this.#ledger.check(client, this.applied))
    expect(this.a.failures, 'failures of the one that nothing befell').to.deep.equal([])
  }

  async #settles(promise: Promise<unknown>): Promise<void> {
    const { now } = await this.#outcome(promise)
    if (now !== 'done') await promise
  }

  async #outcome(promise: Promise<unknown>): Promise<{ readonly now: string }> {
    const outcome = outcomeOf(promise)
    await this.until('an end', () => outcome.now !== 'pending')
    return outcome
  }
}
