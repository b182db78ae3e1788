/** Sessions for which an observer speaks: the ids of those that begin here, and whose clients live. Neighbour: zookeeper-upstream. */
import { type Clock, type Random, systemRandom } from '../../base/clock.ts'
import { touchesOf } from './request-packet.ts'

export class ObserverSessions {
  readonly #clock: Clock
  /** Of this process: another proxy may have drawn the same server number, and no two sessions may have one id. */
  readonly #mark: bigint
  #touched = new Map<bigint, number>()
  /** That of the newest id. Unit: ms. */
  #lastMs = 0

  constructor(clock: Clock, random: Random = systemRandom) {
    this.#clock = clock
    const [high = 0, low = 0] = random.bytes(2)
    this.#mark = BigInt(high * 256 + low)
  }

  /**
   * The server’s number in the top byte and 40 bits of time, as ZooKeeper’s; it counts in the last 16 bits, where we have the mark: of
   * two sessions in one millisecond the second has the next one’s time. Source: SessionTrackerImpl.
   */
  nextId(sid: number): bigint {
    this.#lastMs = Math.max(Math.floor(this.#clock.now()), this.#lastMs + 1)
    const time = BigInt.asUintN(40, BigInt(this.#lastMs))
    // The numbers above 127 make it negative.
    return BigInt.asIntN(64, (BigInt(sid) << 56n) | (time << 16n) | this.#mark)
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
