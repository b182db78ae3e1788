/**
 * Stops reading from a client that has too many requests in flight, or that does not read its
 * replies, and holds the frames that had been read by then. Neighbours: connection, outbox.
 */
import type { Socket } from 'node:net'
import type { ProxyOptions } from './host.ts'

export interface ThrottleOptions {
  readonly socket: Socket
  readonly limits: Pick<ProxyOptions, 'outstandingMax' | 'outputBytesMax'>
  /** Requests of the client that are not answered yet. */
  outstanding(): number
  /** Whether requests are served: after the handshake and until the connection closes. */
  isOpen(): boolean
  /** A held frame, next in line. */
  onFrame(frame: Buffer): void
}

export class Throttle {
  /** Neither the socket nor held frames are read. */
  isPaused = false
  readonly #options: ThrottleOptions
  /** Frames that wait for the end of the handshake, or until there is room again. */
  readonly #held: Buffer[] = []
  #resumeDue = false

  constructor(options: ThrottleOptions) {
    this.#options = options
  }

  get heldCount(): number {
    return this.#held.length
  }

  /** Copies the frame: the chunk that it lies in is used again. */
  hold(buffer: Buffer, start: number, end: number): void {
    this.#held.push(Buffer.from(buffer.subarray(start, end)))
  }

  pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.#options.socket.pause()
  }

  /** In a turn of its own: whoever calls may be in the middle of an answer. */
  maybeResume(): void {
    if (!this.isPaused || this.#resumeDue || !this.#options.isOpen() || !this.#hasRoom) return
    this.#resumeDue = true
    setImmediate(() => {
      this.#resumeDue = false
      if (!this.#options.isOpen() || !this.#hasRoom) return
      this.isPaused = false
      this.takeHeld()
      if (!this.isPaused) this.#options.socket.resume()
    })
  }

  /** Hands out held frames until it is paused again. */
  takeHeld(): void {
    let taken = 0
    while (taken < this.#held.length && !this.isPaused && this.#options.isOpen()) {
      this.#options.onFrame(this.#held[taken++] as Buffer)
    }
    this.#held.splice(0, taken)
  }

  clear(): void {
    this.#held.length = 0
  }

  get #hasRoom(): boolean {
    const { socket, limits, outstanding } = this.#options
    return (
      outstanding() <= limits.outstandingMax / 2 &&
      socket.writableLength <= limits.outputBytesMax / 32
    )
  }
}
