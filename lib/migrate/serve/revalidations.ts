/** Sessions of which the leader is to say whether they live, when their clients come here. Neighbour: zookeeper-upstream. */
import type { Clock } from '../../base/clock.ts'
import { StoreError } from '../../model/errors.ts'

interface Waiting {
  readonly sentMs: number
  readonly answered: (isValid: boolean | undefined) => void
  readonly failed: (error: StoreError) => void
}

export class Revalidations {
  readonly #clock: Clock
  /** By session, in their order. */
  readonly #waiting = new Map<bigint, Waiting[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sessions that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Whether it lives; undefined: see {@link giveBack}. @throws {StoreError} the leader is lost, or does not answer in time */
  expect(session: bigint): Promise<boolean | undefined> {
    return new Promise((answered, failed) => {
      const others = this.#waiting.get(session) ?? []
      others.push({ answered, failed, sentMs: this.#clock.monotonic() })
      this.#waiting.set(session, others)
    })
  }

  answered(session: bigint, isValid: boolean): void {
    const waiting = this.#waiting.get(session) ?? []
    const oldest = waiting.shift()
    if (waiting.length === 0) this.#waiting.delete(session)
    oldest?.answered(isValid)
  }

  /** The leader has no say any more: the member judges all of them by itself. */
  giveBack(): void {
    for (const [session, waiting] of this.#waiting) {
      this.#waiting.delete(session)
      for (const { answered } of waiting) answered(undefined)
    }
  }

  loseOlderThan(ms: number, why: string): void {
    const beforeMs = this.#clock.monotonic() - ms
    for (const [session, waiting] of this.#waiting) {
      if ((waiting[0]?.sentMs ?? 0) > beforeMs) continue
      this.#waiting.delete(session)
      for (const { failed } of waiting) failed(new StoreError('STORE_UNAVAILABLE', why))
    }
  }
}
