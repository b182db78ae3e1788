/**
 * A connection to one of the two servers: frames out, and in as they come: replies in the order of
 * the requests, events and answered pings between them. Not the library's client: what goes through here are a client's own
 * frames, unchanged. Neighbour: link (one to each side).
 */
import type { Socket } from 'node:net'
import type { ClientTls, Clock } from '../../lib/index.ts'
import { checkTls, openSocket } from '../../lib/internal.ts'
import { FrameSplitter, framed } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import { decodeReplyHeader } from '../../lib/protocol/record/reply-header.ts'
import { decodeWatcherEvent, type WatcherEvent } from '../../lib/protocol/record/watcher-event.ts'
import { XID } from '../../lib/protocol/wire/opcodes.ts'

/** A server to connect to. */
export interface Endpoint {
  /** Name or address. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
  /** @default without TLS */
  readonly tls?: ClientTls
}

export interface SeenEvent extends WatcherEvent {
  /** Replies on this connection before it, the greeting not counted. */
  readonly index: number
  /** Whether the request of that index was already sent. */
  readonly inFlight: boolean
}

export type Answer =
  | { readonly type: 'reply'; readonly body: Buffer }
  /** The connection ended first. */
  | { readonly type: 'closed' }
  /** Nothing came in time. */
  | { readonly type: 'silent' }

export interface UpstreamHandlers {
  /** Every frame for the client, in order: also before `onEvent` and before ask() resolves. */
  onFrame?(body: Buffer): void
  onEvent?(event: SeenEvent): void
  /** Once, however it ended. */
  onEnd?(): void
}

/** Children lists may be longer than requests. */
const REPLY_BYTES_MAX = 512 * 1024 * 1024

export class Upstream {
  handlers: UpstreamHandlers = {}
  /** Replies so far, the greeting not counted. */
  replies = 0
  /** Of the last reply that had one. */
  lastZxid = 0
  /** Monotonic, ms: when something was last sent. */
  sentMs: number
  readonly #clock: Clock
  readonly #socket: Socket
  readonly #splitter: FrameSplitter
  readonly #reader = new JuteReader()
  #greeted = false
  #ended = false
  #waiting: ((answer: Answer) => void) | undefined
  /** Pings in flight: whether each is the client's own. */
  readonly #pings: boolean[] = []

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    this.sentMs = clock.monotonic()
    this.#splitter = new FrameSplitter({
      frameBytesMax: REPLY_BYTES_MAX,
      onFrame: (buffer, start, end) => this.#frame(Buffer.from(buffer.subarray(start, end))),
    })
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#data(chunk))
    socket.on('error', () => this.#end())
    socket.on('end', () => this.#end())
    socket.on('close', () => this.#end())
  }

  /** Rejects when there is no connection within `timeoutMs`. */
  static connect(endpoint: Endpoint, clock: Clock, timeoutMs: number): Promise<Upstream> {
    return new Promise((resolve, reject) => {
      const { tls } = endpoint
      const socket = openSocket(endpoint, tls && checkTls(tls), () => {
        cancel()
        socket.off('error', fail)
        resolve(new Upstream(socket, clock))
      })
      const fail = (error: Error) => {
        cancel()
        socket.destroy()
        reject(error)
      }
      const cancel = clock.after(timeoutMs, () => fail(new Error('no connection in time')))
      socket.once('error', fail)
    })
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Sends one request and waits for its reply. One at a time. */
  ask(body: Uint8Array, timeoutMs: number): Promise<Answer> {
    if (this.#ended) return Promise.resolve({ type: 'closed' })
    return new Promise((resolve) => {
      const cancel = this.#clock.after(timeoutMs, () => this.#answer({ type: 'silent' }))
      this.#waiting = (answer) => {
        cancel()
        resolve(answer)
      }
      this.#send(body)
    })
  }

  /** Sends a ping. The reply goes to `onFrame` only if the client asked. */
  ping(body: Uint8Array, isClients: boolean): void {
    if (this.#ended || !this.#greeted) return
    this.#pings.push(isClients)
    this.#send(body)
  }

  destroy(): void {
    this.handlers = {}
    this.#splitter.stop()
    this.#socket.destroy()
    this.#end()
  }

  #send(body: Uint8Array): void {
    this.sentMs = this.#clock.monotonic()
    this.#socket.write(framed(body))
  }

  #data(chunk: Buffer): void {
    try {
      this.#splitter.push(chunk)
    } catch {
      // Not a frame: nothing that follows can be read.
      this.#socket.destroy()
      this.#end()
    }
  }

  #frame(body: Buffer): void {
    if (!this.#greeted) {
      this.#greeted = true
      this.handlers.onFrame?.(body)
      this.#answer({ type: 'reply', body })
      return
    }
    const reader = this.#reader.reset(body, 0, body.length)
    const { xid, zxid } = decodeReplyHeader(reader)
    if (xid === XID.notification) {
      this.handlers.onFrame?.(body)
      const inFlight = this.#waiting !== undefined
      this.handlers.onEvent?.({ ...decodeWatcherEvent(reader), index: this.replies, inFlight })
      return
    }
    if (xid === XID.ping && this.#pings.length > 0) {
      if (this.#pings.shift()) this.handlers.onFrame?.(body)
      return
    }
    if (zxid > 0) this.lastZxid = zxid
    this.handlers.onFrame?.(body)
    this.replies++
    this.#answer({ type: 'reply', body })
  }

  #answer(answer: Answer): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(answer)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#socket.destroySoon()
    this.#answer({ type: 'closed' })
    this.handlers.onEnd?.()
  }
}
