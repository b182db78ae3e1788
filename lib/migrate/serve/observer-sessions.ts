/** Sessions for which an observer speaks: the ids of those that begin here, and whose clients live. Neighbour: zookeeper-upstream. */
import type { Clock } from '../../base/clock.ts'
import { touchesOf } from './request-packet.ts'

export class ObserverSessions {
  readonly #clock: Clock
  #touched = new Map<bigint, number>()
  #last = 0n

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The server’s number in the top byte, 40 bits of time, 16 bits of counter. Source: SessionTrackerImpl. */
  nextId(sid: number): bigint {
    const time = BigInt.asUintN(40, BigInt(Math.floor(this.#clock.now())))
    const drawn = BigInt.asIntN(64, (BigInt(sid) << 56n) | (time << 16n))
    // The numbers above 127 make it negative.
    const isOfSid = this.#last >> 56n === drawn >> 56n
    this.#last = isOfSid && drawn <= this.#last ? this.#last + 1n : drawn
    return this.#last
  }

  /** Its client has sent something. */
  touched(id: bigint, timeoutMs: number): void {
    this.#touched.set(id, timeoutMs)
  }

  /** What the leader is to know, once. */
  takeTouches(): Buffer {
    const touched = this.#touched
    this.#touched = new Map()
    return touchesOf(touched)
  }
}
