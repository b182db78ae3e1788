/**
 * One scene of the table of counters and queues: two clients work on one of them without an end, and a ledger says what it
 * must be. Neighbours: work-scenes, work-ledger, work-faults, recipe-play (the beds).
 */
import { expect } from 'chai'
import type { ZooKeeper } from '../../lib/index.ts'
import { outcomeOf } from './recipe-bench.ts'
import { type Bed, isOutage, type Seat, throughOutages } from './recipe-play.ts'
import { type Lost, type Outage, outageAtWrite } from './recipe-wait-faults.ts'
import type { Calls } from './work-ledger.ts'

/** Steps of one client in the time of a session, about. */
const STEPS_PER_SESSION = 100
/** So many steps succeed after a fault before it is over. */
const STEPS_AFTER = 3

export interface Ledger {
  readonly calls: Calls
  /** One step of one client. @throws what its call failed with */
  step(client: ZooKeeper, signal: AbortSignal): Promise<void>
  /** What the observer finds is what the steps have reported. May be called again when it is rejected. */
  check(observer: ZooKeeper): Promise<void>
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
  /** Of those that no outage of its own client explains. */
  readonly unexplained: string[] = []

  constructor(seat: Seat, ledger: Ledger) {
    this.seat = seat
    this.#ledger = ledger
    this.#ended = this.#run()
  }

  async #run(): Promise<void> {
    const { client } = this.seat
    let isAway = false
    const cancel = client.onStateChange((state) => {
      isAway ||= state !== 'connected'
    })
    while (this.#isRunning && !client.isEnded) {
      isAway = client.state !== 'connected'
      const error = await this.#step()
      await new Promise<void>((resolve) =>
        client.clock.after(client.timeoutMs / STEPS_PER_SESSION, resolve),
      )
      // The event may come behind the error.
      if (error !== undefined && !(isAway && isOutage(error))) this.unexplained.push(codeOf(error))
    }
    cancel()
  }

  /** What it failed with. */
  async #step(): Promise<unknown> {
    try {
      await this.#ledger.step(this.seat.client, this.#abort.signal)
      this.steps += 1
      return undefined
    } catch (error) {
      this.failures.push(codeOf(error))
      this.#abort = new AbortController()
      return error
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

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name: string }
  return typeof code === 'string' ? code : name
}

export class WorkPlay {
  readonly bed: Bed
  readonly a: Worker
  readonly b: Worker
  readonly #observer: Seat
  readonly #ledger: Ledger

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
    await this.#settles(
      throughOutages(this.bed, client, async () => {
        await client.sync()
        await this.#ledger.check(client)
      }),
    )
    expect(this.a.unexplained, 'failures of the one that nothing befell').to.deep.equal([])
  }

  /** An outage of `b` with its write behind `before` others: the ledger knows the outcome. */
  outage(before: number, lost: Lost): Outage {
    const { client } = this.b.seat
    return outageAtWrite(this, this.b.seat, before, lost, (isLost) => {
      // Another write of the same call, or one that an outage of the machine's own was before: nobody knows.
      const isKnown = isLost && (lost === 'it was not' || client.state === 'connected')
      const applied = lost === 'it was not' ? 'not' : 'applied'
      this.#ledger.calls.mark(client, isKnown ? applied : 'either')
    })
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
