/**
 * A connection's output: encoded replies and events, in order. Everything that is encoded in one tick
 * leaves in one socket write.
 * Line: connection → here → bytes. Neighbours: server flushes it, throttle.
 */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Result, WireError } from '../lib/internal.ts'
import { JuteWriter } from '../lib/protocol/jute/writer.ts'
import { encodeReply } from '../lib/protocol/wire/encode-reply.ts'
import type { ProxyHost } from './host.ts'
import type { Throttle } from './throttle.ts'

/** More pending output is written before the tick ends: one chunk of input may read gigabytes. */
const FLUSH_BYTES = 256 * 1024
const NOTHING = new Uint8Array(0)

export class Outbox {
  readonly writer: JuteWriter
  readonly #server: ProxyHost
  readonly #socket: Socket
  readonly #throttle: Throttle
  readonly #client: string
  readonly #flushBytes: number
  #flushDue = false
  #flushedBytes = 0
  /** What the budget of all connections knows of. */
  #unsentBytes = 0
  #awaitsDrain = false
  /** Bytes are encrypted outside of the tick, so none of them is ever sent when write returns. */
  readonly #isSecure: boolean
  /** Writes on such a socket that have not been reported yet. */
  #writes = 0
  readonly #onWritten = (error?: Error | null): void => {
    this.#writes--
    if (error || this.#isDropped) return
    this.drained()
    if (this.#writes === 0) this.writer.release()
  }
  #isDropped = false

  constructor(server: ProxyHost, socket: Socket, throttle: Throttle, client: string) {
    const { outputBytesMax } = server.options
    this.writer = new JuteWriter({ pendingBytesMax: outputBytesMax, pool: server.outputChunks })
    this.#server = server
    this.#socket = socket
    this.#isSecure = socket instanceof TLSSocket
    this.#throttle = throttle
    this.#client = client
    this.#flushBytes = Math.min(FLUSH_BYTES, outputBytesMax / 16)
  }

  /** All that was ever encoded. */
  get encodedBytes(): number {
    return this.#flushedBytes + this.writer.pendingBytes
  }

  /** false: pending output would exceed `outputBytesMax`, so the client is to be disconnected. */
  encode(xid: number, zxid: number, result: Result): boolean {
    try {
      encodeReply(this.writer, xid, zxid, result)
      return true
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.writer.rollback()
      const fields = { client: this.#client, reason: error.message }
      this.#server.logger.warn(fields, 'reply too large: client disconnected')
      return false
    }
  }

  /** Writes at the end of the tick, or immediately when much is pending. */
  flushLater(): void {
    if (this.writer.pendingBytes > this.#flushBytes) return this.flush()
    if (this.#flushDue) return
    this.#flushDue = true
    this.#server.flushSoon(this)
  }

  /** Never throws: others are flushed behind it. */
  flush(): void {
    try {
      this.#flush()
    } catch (error) {
      this.#broken(error)
    }
  }

  /** What comes after it would have a gap before it. */
  #broken(error: unknown): void {
    const fields = { client: this.#client }
    this.#server.keeper.faults.found(error, 'fault in sending: client disconnected', fields)
    this.#socket.destroy()
  }

  #flush(): void {
    this.#flushDue = false
    const bytes = this.writer.take()
    if (bytes === null) return
    this.#flushedBytes += bytes.length
    this.#server.stats.bytesSent += bytes.length
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    const isBelowMark = this.#write(bytes)
    const unsent = this.#socket.writableLength
    // Usual: the kernel took all of it. It does not when the client reads too slowly.
    if (unsent === 0) return this.writer.release()
    this.#count(unsent)
    if (isBelowMark && !this.#isSecure) this.#awaitDrain()
    if (unsent > this.#server.options.outputBytesMax) {
      const fields = { client: this.#client, unsentBytes: unsent }
      this.#server.logger.warn(fields, 'client does not read its replies: disconnected')
      this.#socket.destroy()
    } else if (unsent > this.#server.options.outputBytesMax / 16) this.#throttle.pause()
  }

  /** A callback costs a turn, and without TLS the kernel has nearly always taken everything by now. */
  #write(bytes: Buffer): boolean {
    if (!this.#isSecure) return this.#socket.write(bytes)
    this.#writes++
    return this.#socket.write(bytes, this.#onWritten)
  }

  /** The kernel has taken what was unsent. Never throws. */
  drained(): void {
    if (this.#isDropped) return
    try {
      this.#count(this.#socket.writableLength)
      this.#throttle.maybeResume()
    } catch (error) {
      this.#broken(error)
    }
  }

  /** A socket emits drain only where more was unsent than its high-water mark: below, the last write reports it. */
  #awaitDrain(): void {
    if (this.#awaitsDrain) return
    this.#awaitsDrain = true
    this.#socket.write(NOTHING, (error) => {
      this.#awaitsDrain = false
      if (error || this.#isDropped) return
      this.drained()
      if (this.#unsentBytes > 0) this.#awaitDrain()
    })
  }

  /** The connection is closed: what is unsent is nobody's. */
  dropped(): void {
    this.#isDropped = true
    this.#count(0)
  }

  #count(unsentBytes: number): void {
    const { replyBytes } = this.#server
    const before = this.#unsentBytes
    this.#unsentBytes = unsentBytes
    if (unsentBytes > before) {
      replyBytes.add(unsentBytes - before)
      if (replyBytes.isFull) this.#server.shedReplies()
    } else replyBytes.remove(before - unsentBytes)
  }
}
