/**
 * Connections that have sent nothing yet: the first byte says whether a client speaks TLS. A handshake costs processor
 * time, so it begins only when the client's first message is whole, and few begin in one turn of the event loop.
 * Line: server → here → handshakes, or connection.
 */
import type { Socket } from 'node:net'
import { type Clock, deadline } from '../../lib/internal.ts'

/** Content type of a handshake record: a frame's length and a four-letter word begin with another byte. */
const HANDSHAKE = 0x16
const RECORD_HEADER_BYTES = 5
/** What a record may hold, at most. A first message that is longer begins with a full one. */
const RECORD_BYTES_MAX = 16_384
/** Each costs about a millisecond with an RSA key. */
const PER_TURN_MAX = 4

export interface ArrivalsOptions {
  readonly clock: Clock
  /** Time until the first message is whole. Unit ms. */
  readonly timeoutMs: number
  /** The first message of a handshake is there, unread. */
  onTls(socket: Socket): void
  /** What the client has sent is unread, and no TLS. */
  onPlain(socket: Socket): void
  onSilent(socket: Socket): void
}

export class Arrivals {
  readonly #options: ArrivalsOptions
  readonly #waiting = new Set<Socket>()
  #ready: Socket[] = []

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  /** Connections that have not sent enough. */
  get count(): number {
    return this.#waiting.size + this.#ready.length
  }

  add(socket: Socket): void {
    const { clock, timeoutMs, onPlain, onSilent } = this.#options
    let held: Buffer = Buffer.alloc(0)
    this.#waiting.add(socket)
    const leave = (): void => {
      cancel()
      this.#waiting.delete(socket)
      socket.off('data', onData)
      socket.off('close', leave)
      socket.off('end', onEnd)
    }
    const cancel = deadline(clock, timeoutMs, () => {
      leave()
      onSilent(socket)
    })
    const onEnd = (): void => {
      socket.destroy()
    }
    const onData = (bytes: Buffer): void => {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
      const isTls = held[0] === HANDSHAKE
      if (isTls && !isWhole(held)) return
      leave()
      socket.pause()
      socket.unshift(held)
      if (!isTls) return onPlain(socket)
      this.#ready.push(socket)
      if (this.#ready.length === 1) setImmediate(() => this.#begin())
    }
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('close', leave)
  }

  /** Ends them all. */
  close(): void {
    for (const socket of [...this.#waiting, ...this.#ready]) socket.destroy()
  }

  #begin(): void {
    const due = this.#ready.splice(0, PER_TURN_MAX)
    if (this.#ready.length > 0) setImmediate(() => this.#begin())
    for (const socket of due) if (!socket.destroyed) this.#options.onTls(socket)
  }
}

function isWhole(bytes: Buffer): boolean {
  if (bytes.length < RECORD_HEADER_BYTES) return false
  return bytes.length >= RECORD_HEADER_BYTES + Math.min(bytes.readUInt16BE(3), RECORD_BYTES_MAX)
}
