/**
 * A connection's output: encoded replies and events, in order. Everything that is encoded in one tick
 * leaves in one socket write.
 * Line: connection → here → bytes. Neighbours: server flushes it, throttle.
 */
import type { Socket } from 'node:net'
import { JuteWriter } from '../lib/protocol/jute/writer.ts'
import type { ProxyHost } from './host.ts'
import type { Throttle } from './throttle.ts'

/** More pending output is written before the tick ends: one chunk of input may read gigabytes. */
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

  /** Writes at the end of the tick, or immediately when much is pending. */
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
    const unsent = this.#socket.writableLength
    // Usual: the kernel took all of it. It does not when the client reads too slowly.
    if (unsent === 0) return this.writer.release()
    if (unsent > this.#server.options.outputBytesMax) {
      const fields = { client: this.#client, unsentBytes: unsent }
      this.#server.logger.warn(fields, 'client does not read its replies: disconnected')
      this.#socket.destroy()
    } else if (unsent > this.#server.options.outputBytesMax / 16) this.#throttle.pause()
  }
}
