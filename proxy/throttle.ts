/**
 * Backpressure on one client. Its requests wait here while too many of them are in flight, while it does not
 * read its replies, and while it is others' turn. What it sends meanwhile is still read up to a bound, so that
 * its pings count. Neighbours: connection, outbox, fair-turns, byte-budget.
 */
import type { Socket } from 'node:net'
import type { ByteBudget } from './byte-budget.ts'
import type { FairTurns, Waiting } from './fair-turns.ts'
import type { ProxyOptions } from './host.ts'
import type { InFlight } from './in-flight.ts'

export interface ThrottleOptions {
  readonly socket: Socket
  readonly limits: Pick<ProxyOptions, 'outstandingMax' | 'outstandingBytesMax' | 'outputBytesMax'>
  readonly turns: FairTurns
  /** Requests of all connections. */
  readonly budget: ByteBudget
  readonly inFlight: InFlight
  /** Requests in flight. */
  outstanding(): number
  /** Whether requests are served: from the handshake's end until the connection closes. */
  isOpen(): boolean
  /** A slice begins: frames that were held are served next. */
  onTurn(): void
  /** The next held frame is to be served. */
  onFrame(frame: Buffer): void
  /** A fault of ours while its turn lasted. */
  onFault(error: unknown): void
}

/** Held frames up to which a paused client's input is read. Unit bytes. */
const HELD_BYTES_MAX = 64 * 1024
/** What a frame costs besides its bytes. */
const FRAME_BYTES = 128

export class Throttle implements Waiting {
  /** Frames are held. */
  isPaused = false
  readonly #options: ThrottleOptions
  /** Frames that arrived during the handshake or a pause. */
  #held: Buffer[] = []
  #heldBytes = 0
  #waitsForTurn = false
  #isBlocked = false
  #isReading = true
  #afterHeld: (() => void) | undefined
  readonly #wake = () => this.maybeResume()

  constructor(options: ThrottleOptions) {
    this.#options = options
  }

  /** Input of this client may lie unread in the kernel, for our reasons. */
  get isReading(): boolean {
    return this.#isReading
  }

  /** It is not the client that keeps its requests waiting. */
  get isOurs(): boolean {
    const { socket, limits } = this.#options
    return !this.#isReading && socket.writableLength <= limits.outputBytesMax / 32
  }

  /** Copies the frame: the buffer that it lies in is reused. */
  hold(buffer: Buffer, start: number, end: number): void {
    this.#held.push(Buffer.from(buffer.subarray(start, end)))
    this.#heldBytes += end - start + FRAME_BYTES
    if (this.#heldBytes < HELD_BYTES_MAX || !this.#isReading) return
    this.#isReading = false
    this.#options.socket.pause()
  }

  pause(): void {
    this.isPaused = true
  }

  /** What follows waits until the returned function is called. */
  block(): () => void {
    this.#isBlocked = true
    this.pause()
    return () => {
      this.#isBlocked = false
      this.maybeResume()
    }
  }

  /** Too much is in flight already: what follows waits. */
  pauseIfBusy(): void {
    if (this.isPaused) return
    const { limits, inFlight, outstanding, budget } = this.#options
    if (outstanding() >= limits.outstandingMax || inFlight.bytes >= limits.outstandingBytesMax) {
      this.pause()
    } else if (budget.isFull && inFlight.bytes > 0) {
      this.pause()
      budget.wait(this.#wake)
    }
  }

  /** What follows waits for its turn. `isHeavy`: the slice is over; otherwise others used up this one's time. */
  endTurn(isHeavy: boolean): void {
    this.isPaused = true
    this.#queue(isHeavy)
  }

  /** Resumes in a later tick: the caller may be in the middle of a reply. */
  maybeResume(): void {
    if (this.isPaused && this.#options.isOpen() && this.#hasRoom) this.#queue(false)
  }

  #queue(isHeavy: boolean): void {
    if (this.#waitsForTurn) return
    this.#waitsForTurn = true
    this.#options.turns.add(this, isHeavy)
  }

  /** Never throws: others wait for their turn. */
  run(): void {
    this.#waitsForTurn = false
    try {
      if (!this.isPaused || !this.#options.isOpen() || !this.#hasRoom) return
      this.isPaused = false
      this.takeHeld()
    } catch (error) {
      this.#options.onFault(error)
    }
  }

  /** Serves held frames until it is paused again. */
  takeHeld(): void {
    const { isOpen, onTurn, onFrame, socket } = this.#options
    onTurn()
    let taken = 0
    while (taken < this.#held.length && !this.isPaused && isOpen()) {
      const frame = this.#held[taken++] as Buffer
      this.#heldBytes -= frame.length + FRAME_BYTES
      onFrame(frame)
    }
    this.#held = this.#held.slice(taken)
    if (this.#held.length === 0) this.#afterHeld?.()
    if (this.#isReading || this.#heldBytes >= HELD_BYTES_MAX / 2 || !isOpen()) return
    this.#isReading = true
    socket.resume()
  }

  /** Calls `done` when nothing is held, which may be immediately. */
  afterHeld(done: () => void): void {
    if (this.#held.length === 0) done()
    else this.#afterHeld = done
  }

  clear(): void {
    this.#afterHeld = undefined
    this.#held = []
    this.#heldBytes = 0
    this.#options.budget.forget(this.#wake)
  }

  get #hasRoom(): boolean {
    if (this.#isBlocked) return false
    const { socket, limits, outstanding, budget, inFlight } = this.#options
    if (budget.isFull && inFlight.bytes > 0) {
      budget.wait(this.#wake)
      return false
    }
    return (
      outstanding() <= limits.outstandingMax / 2 &&
      inFlight.bytes <= limits.outstandingBytesMax / 2 &&
      socket.writableLength <= limits.outputBytesMax / 32
    )
  }
}
