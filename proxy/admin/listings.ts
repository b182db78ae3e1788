/**
 * Long answers to four-letter words and to HTTP requests, sent piece by piece: one after the other, a slice in each turn of the event
 * loop, and no faster than they are read. Neighbours: listing-words (makes them), server.
 */
import type { Writable } from 'node:stream'
import { type Clock, deadline, type Faults } from '../../lib/internal.ts'

/** How long pieces are made in one turn of the event loop, ms. */
const SLICE_MS = 1
/** Bytes of a write. */
const PIECE_CHARS = 64 * 1024

interface Listing {
  readonly socket: Writable
  readonly lines: Iterator<string>
  readonly done: () => void
}

export interface ListingBounds {
  /** Answers that may wait for the one that is being sent. More are refused. */
  readonly listingsWaitingMax: number
  /** How long a reader may take none of a piece before it is disconnected, ms. */
  readonly listingUnreadMs: number
}

export class Listings {
  readonly #clock: Clock
  readonly #bounds: ListingBounds
  readonly #faults: Faults
  readonly #waiting: Listing[] = []
  #isSending = false
  refused = 0
  /** Those whose readers were disconnected. */
  unread = 0

  constructor(clock: Clock, bounds: ListingBounds, faults: Faults) {
    this.#clock = clock
    this.#bounds = bounds
    this.#faults = faults
  }

  /** Too many wait: the next one is refused. */
  get isFull(): boolean {
    return this.#waiting.length >= this.#bounds.listingsWaitingMax
  }

  /** Sends `lines` and ends the socket, in its turn. false: too many wait already. */
  send(socket: Writable, lines: Iterable<string>, done: () => void): boolean {
    if (this.isFull) {
      this.refused++
      return false
    }
    this.#waiting.push({ socket, lines: lines[Symbol.iterator](), done })
    if (!this.#isSending) this.#next()
    return true
  }

  #next(): void {
    const listing = this.#waiting.shift()
    this.#isSending = listing !== undefined
    if (listing !== undefined) this.#continue(listing)
  }

  /** One that cannot be made ends its reader's connection; the others have their turn. */
  #continue(listing: Listing): void {
    const { socket, done } = listing
    this.#faults.run(
      'a long answer',
      () => this.#send(listing),
      () => {
        socket.destroy()
        this.#faults.run('a long answer', done)
        this.#next()
      },
    )
  }

  #send(listing: Listing): void {
    const { socket, lines, done } = listing
    if (socket.destroyed) {
      done()
      return this.#next()
    }
    const untilMs = this.#clock.monotonic() + SLICE_MS
    let piece = ''
    let count = 0
    for (;;) {
      const { value, done: isLast } = lines.next()
      if (isLast === true) {
        socket.end(piece, done)
        return this.#next()
      }
      piece += value
      if (piece.length >= PIECE_CHARS) break
      if (++count % 64 === 0 && this.#clock.monotonic() >= untilMs) break
    }
    if (piece === '' || socket.write(piece)) setImmediate(() => this.#continue(listing))
    else this.#whenRead(listing)
  }

  #whenRead(listing: Listing): void {
    const { socket } = listing
    const resume = () => {
      cancel()
      socket.off('drain', resume)
      socket.off('close', resume)
      this.#continue(listing)
    }
    const cancel = deadline(this.#clock, this.#bounds.listingUnreadMs, () => {
      this.unread++
      socket.destroy()
    })
    socket.once('drain', resume)
    socket.once('close', resume)
  }
}
