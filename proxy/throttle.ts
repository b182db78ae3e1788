/**
 * Backpressure on one client: stops reading from a client that has too many requests in flight or
 * does not read its replies, and holds the frames that it had already sent.
 * Neighbours: connection, outbox.
 */
import type { Socket } from 'node:net'
import type { ProxyOptions } from './host.ts'

export interface ThrottleOptions {
  readonly socket: Socket
  readonly limits: Pick<ProxyOptions, 'outstandingMax' | 'outputBytesMax'>
  /** Requests in flight. */
  outstanding(): number
  /** Whether requests are served: from the handshake's end until the connection closes. */
  isOpen(): boolean
  /** The next held frame is to be served. */
  onFrame(frame: Buffer): void
}

export class Throttle {
  /** Neither the socket nor the held frames are read. */
  isPaused = false
  readonly #options: ThrottleOptions
  /** Frames that arrived during the handshake or just before a pause. */
  readonly #held: Buffer[] = []
  #resumeDue = false

  constructor(options: ThrottleOptions) {
    this.#options = options
  }

  get heldCount(): number {
    return this.#held.length
  }

  /** Copies the frame: the buffer that it lies in is reused. */
  hold(buffer: Buffer, start: number, end: number): void {
    this.#held.push(Buffer.from(buffer.subarray(start, end)))
  }

  pause(): void {
    if (this.isPaused) return
    this.isPaused = true
    this.#options.socket.pause()
  }

  /** Resumes in a later tick: the caller may be in the middle of a reply. */
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

  /** Serves held frames until it is paused again. */
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
