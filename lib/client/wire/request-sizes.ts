/**
 * Requests that a server does not take for their size: it closes the connection without an answer, and whoever repeats such a
 * one would lose connection after connection. Source: NIOServerCnxn, BinaryInputArchive (jute.maxbuffer).
 * Neighbour: connection (one such object for all of a client).
 */
import type { Clock } from '../../base/clock.ts'
import { badArgument } from '../arguments.ts'

/** No server is set up to take less. Unit bytes. */
const TAKEN_MIN = 1_024
/** Connections in a row that servers closed behind a request of one size, and none so large was ever answered. */
const LOSSES_MAX = 4
/** Then requests of that size are refused for so long, and one is tried again: it may have been the weather. Unit ms. */
const REFUSED_MS = 60_000

export class RequestSizes {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** The largest one that was answered. Unit bytes, as below. */
  #taken = TAKEN_MIN
  /** The largest one that was in flight at each of the newest losses. */
  #lost = Number.POSITIVE_INFINITY
  #losses = 0
  #refusedUntilMs = Number.NEGATIVE_INFINITY

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** @throws {ZnodeError} ZK_BAD_ARGUMENTS: one of this size would end the connection */
  check(bytes: number): void {
    if (bytes < this.#lost || this.#clock.monotonic() >= this.#refusedUntilMs) return
    throw badArgument(
      `the request has ${bytes} bytes: ${this.#losses} connections in a row were closed behind one of ${this.#lost} bytes, and none so large was ever answered: the servers take no more (jute.maxbuffer)`,
    )
  }

  answered(bytes: number): void {
    if (bytes <= this.#taken) return
    this.#taken = bytes
    if (bytes >= this.#lost) this.#forget()
  }

  /** The server closed a connection on which it had answered: the largest request without an answer has so many; 0: there is none. */
  closed(bytes: number): void {
    // Somebody else's end, or one that is known to be taken.
    if (bytes <= this.#taken) return this.#forget()
    if (bytes !== this.#lost) {
      this.#lost = bytes
      this.#losses = 0
    }
    if (++this.#losses >= LOSSES_MAX) this.#refusedUntilMs = this.#clock.monotonic() + REFUSED_MS
  }

  #forget(): void {
    this.#lost = Number.POSITIVE_INFINITY
    this.#losses = 0
  }
}
