/**
 * What a connection writes: encoded replies and events, in order. Everything that is encoded in one
 * tick leaves in one socket write. Neighbours: connection, throttle; server flushes it.
 */
import type { Socket } from 'node:net'
import { JuteWriter } from '../lib/protocol/jute/writer.ts'
import type { ProxyHost } from './host.ts'
import type { Throttle } from './throttle.ts'

/** Replies that make so much leave before the tick ends: one chunk of input may ask for gigabytes. */
const FLUSH_BYTES = 256 * 1024

export class Outbox {
  readonly writer: JuteWriter
  readonly #server: ProxyHost
  readonly #socket: Socket
  readonly #throttle: Throttle
  readonly #client: string
  readonly #flushBytes: number
  #flushDue = false

  constructor(server: ProxyHost, socket: Socket, throttle: Throttle, client: string) {
    const { outputBytesMax } = server.options
    this.writer = new JuteWriter({ pendingBytesMax: outputBytesMax, pool: server.outputChunks })
    this.#server = server
    this.#socket = socket
    this.#throttle = throttle
    this.#client = client
    this.#flushBytes = Math.min(FLUSH_BYTES, outputBytesMax / 16)
  }

  /** At the end of the tick, or now when there is much. */
  flushLater(): void {
    if (this.writer.pendingBytes > this.#flushBytes) return this.flush()
    if (this.#flushDue) return
    this.#flushDue = true
    this.#server.flushSoon(this)
  }

  flush(): void {
    this.#flushDue = false
    const bytes = this.writer.take()
    if (bytes === null) return
    this.#server.stats.bytesSent += bytes.length
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    this.#socket.write(bytes)
    const waiting = this.#socket.writableLength
    // The kernel has taken all of it already, as it does unless the client reads too slowly.
    if (waiting === 0) return this.writer.release()
    if (waiting > this.#server.options.outputBytesMax) {
      this.#server.logger.warn({ client: this.#client, waiting }, 'client does not read, cut')
      this.#socket.destroy()
    } else if (waiting > this.#server.options.outputBytesMax / 16) this.#throttle.pause()
  }
}
