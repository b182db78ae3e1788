/** Session ids and passwords. Source of the id's form: ZooKeeper's SessionTrackerImpl (H5). */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Clock, Random } from '../../base/clock.ts'

export const PASSWORD_BYTES = 16

export function passwordDigest(password: Uint8Array): string {
  return hash('sha256', password, 'hex')
}

/** Constant time. */
export function samePassword(digest: string, password: Uint8Array): boolean {
  const a = Buffer.from(digest, 'hex')
  const b = hash('sha256', password, 'buffer')
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * Draws session ids: 7 bits of server number, 40 bits of time, 16 bits of counter. Positive, never
 * 0, unlike those of another proxy unless both drew the same server number in the same millisecond;
 * the planner refuses an id that exists.
 */
export class SessionIds {
  readonly #server: bigint
  readonly #clock: Clock
  #last = 0n

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#server = BigInt(1 + Math.floor(random.fraction() * 126))
  }

  next(): bigint {
    const time = BigInt.asUintN(40, BigInt(this.#clock.now()))
    const drawn = (this.#server << 56n) | (time << 16n)
    this.#last = drawn > this.#last ? drawn : this.#last + 1n
    return this.#last
  }
}
