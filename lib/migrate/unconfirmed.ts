/**
 * What a leader sends while it brings us up to date. It may have logged the newest of that alone, and no quorum follows it yet:
 * where it ends before one does, its ensemble never had them. So they wait for UPTODATE, which a quorum precedes.
 * Source: Leader.waitForNewLeaderAck. Neighbour: learner.
 */
import { Fifo } from '../base/fifo.ts'
import type { Txn } from '../transfer/zookeeper/txn.ts'

interface Waiting {
  readonly txn: Txn
  readonly bytes: Buffer
}

export class Unconfirmed {
  readonly #waiting = new Fifo<Waiting>()
  readonly #bytesMax: number
  readonly #deliver: (txn: Txn, bytes: Buffer) => void
  #bytes = 0

  /** Beyond `bytesMax` the oldest are delivered all the same: where the ensemble loses them, the next leader says so. */
  constructor(bytesMax: number, deliver: (txn: Txn, bytes: Buffer) => void) {
    this.#bytesMax = bytesMax
    this.#deliver = deliver
  }

  /** `bytes`: as it was sent. */
  add(txn: Txn, bytes: Buffer): void {
    this.#waiting.push({ txn, bytes })
    this.#bytes += bytes.length
    while (this.#bytes > this.#bytesMax) this.#deliverOne()
  }

  /** A quorum has all of them. */
  confirm(): void {
    while (this.#waiting.length > 0) this.#deliverOne()
  }

  #deliverOne(): void {
    const { txn, bytes } = this.#waiting.shift() as Waiting
    this.#bytes -= bytes.length
    this.#deliver(txn, bytes)
  }
}
