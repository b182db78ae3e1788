/**
 * One connection to a server: the handshake, then requests out, replies and events in, in order.
 * Source of the order and the reserved xids: ClientCnxn. Neighbours: wire-transport (opens it), to-wire.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { deadline } from '../../base/deadline.ts'
import type { Faults } from '../../base/faults.ts'
import { Fifo } from '../../base/fifo.ts'
import { WireError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { type EventType, OP } from '../../model/request.ts'
import { FrameSplitter } from '../../protocol/frame.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import { encodeConnectRequest } from '../../protocol/record/connect-request.ts'
import {
  type ConnectResponse,
  decodeConnectResponse,
} from '../../protocol/record/connect-response.ts'
import { decodeReplyHeader } from '../../protocol/record/reply-header.ts'
import { encodeRequestHeader } from '../../protocol/record/request-header.ts'
import { decodeWatcherEvent } from '../../protocol/record/watcher-event.ts'
import { decodeResult } from '../../protocol/wire/decode-reply.ts'
import { encodeRequest } from '../../protocol/wire/encode-request.ts'
import { XID } from '../../protocol/wire/opcodes.ts'
import { checkRequestBytes } from '../request-size.ts'
import type { KnownTls } from '../tls-options.ts'
import type { ClientRequest, Link, LinkEnd, LinkSink } from '../transport.ts'
import { openSocket } from './open-socket.ts'
import type { RequestSizes } from './request-sizes.ts'
import type { Moment, Sent } from './sent.ts'
import type { Server } from './server-list.ts'
import { opOf, writeRequest } from './to-wire.ts'

const XID_MAX = 2 ** 31 - 1
/** The server is given up when nothing was received for so much of the session's timeout. Source: ClientCnxn.readTimeout. */
const SILENCE_SHARE = 2 / 3
const CLOSED_TLS = new Error(
  'the server closed the TLS connection without an answer: it may want a certificate of this client, or another one',
)
/** Looks at the silence in each timeout of the session. */
const LOOKS = 12

export interface ConnectionOptions {
  readonly clock: Clock
  readonly faults: Faults
  readonly server: Server
  /** undefined: without TLS. */
  readonly tls: KnownTls | undefined
  readonly sink: LinkSink
  /** undefined: a new session. */
  readonly known: { readonly sessionId: bigint; readonly password: Uint8Array } | undefined
  /** Of the session, as requested. Unit ms. */
  readonly timeoutMs: number
  /** Until the server has answered the handshake. Unit ms. */
  readonly connectMs: number
  readonly lastZxid: number
  readonly canBeReadOnly: boolean
  /** Longest request body sent. Unit bytes. */
  readonly requestBytesMax: number
  readonly sizes: RequestSizes
  /** Longest reply body accepted. Unit bytes. */
  readonly replyBytesMax: number
  readonly signal: AbortSignal | undefined
}

interface Proof {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Connection implements Link {
  sessionId = 0n
  password: Uint8Array = new Uint8Array(16)
  timeoutMs = 0
  isReadOnly = false
  readonly #options: ConnectionOptions
  readonly #socket: Socket
  readonly #writer = new JuteWriter()
  readonly #reader = new JuteReader()
  readonly #splitter: FrameSplitter
  readonly #sent = new Fifo<Sent>()
  readonly #proofs = new Fifo<Proof>()
  #opened: { resolve: (isOpen: boolean) => void; reject: (error: Error) => void } | undefined
  #nextXid = 1
  #isFlushing = false
  /** When something was received last, monotonic ms. */
  #receivedMs: number
  #pingSent: Moment | undefined
  /** The session surely lived then. */
  #alive: Moment
  #isClosing = false
  #isOver = false
  /** A request was answered. */
  #hasAnswered = false
  /** It is this side that ends it. */
  #isGivenUp = false
  #isGreeted = false
  #cancelTimer: () => void = () => {}
  readonly #aborted = (): void => {
    this.#socket.destroy()
  }

  private constructor(options: ConnectionOptions) {
    const { clock, server, tls } = options
    this.#options = options
    this.#alive = this.#now()
    this.#receivedMs = this.#alive.monotonicMs
    this.#splitter = new FrameSplitter({
      frameBytesMax: options.replyBytesMax,
      onFrame: (buffer, start, end) => this.#frame(this.#reader.reset(buffer, start, end)),
    })
    this.#socket = openSocket(server, tls, () => this.#greet())
    // The library's own sockets do not keep the process alive: an open client does.
    this.#socket.unref()
    this.#socket.on('data', (chunk: Buffer) => this.#data(chunk))
    this.#socket.on('error', (cause) => this.#fail(cause))
    this.#socket.on('close', () => this.#fail(this.#isUnanswered ? CLOSED_TLS : undefined))
    this.#cancelTimer = clock.after(options.connectMs, () => this.#socket.destroy())
    options.signal?.addEventListener('abort', this.#aborted, { once: true })
  }

  /**
   * Opens a session, or resumes one. undefined: that one has ended.
   * @throws {ZnodeError} ZK_CONNECTION_LOSS: the server did not answer the handshake; nothing was changed, but that a
   * session may have been opened which nobody uses
   */
  static async open(options: ConnectionOptions): Promise<Connection | undefined> {
    const connection = new Connection(options)
    const isOpen = await new Promise<boolean>((resolve, reject) => {
      connection.#opened = { resolve, reject }
    })
    return isOpen ? connection : undefined
  }

  /** A server that refuses a client's certificate closes without a word. */
  get #isUnanswered(): boolean {
    return this.#options.tls !== undefined && this.#isGreeted && this.#opened !== undefined
  }

  get aliveMs(): number {
    return this.#alive.monotonicMs
  }

  /** By the wall clock the session may have ended: the machine may have been suspended. */
  get isInDoubt(): boolean {
    return this.#options.clock.now() - this.#alive.wallMs >= this.timeoutMs
  }

  send(request: ClientRequest, tag: number): void {
    const op = opOf(request)
    const xid = op === OP.setWatches || op === OP.setWatches2 ? XID.setWatches : this.#xid()
    const before = this.#writer.pendingBytes
    writeRequest(this.#writer, xid, op, request)
    const bytes = this.#writer.pendingBytes - before - 4
    try {
      checkRequestBytes(bytes, this.#options.requestBytesMax)
      // Watches that are not set again would be missed unheard.
      if (xid !== XID.setWatches) this.#options.sizes.check(bytes)
    } catch (error) {
      this.#writer.rollback()
      throw error
    }
    if (op === OP.closeSession) this.#isClosing = true
    this.#sent.push({ xid, op, tag, at: this.#now(), bytes })
    this.#flushSoon()
  }

  /**
   * A request that ZooKeeper does not have, and the record of its reply.
   * @throws {ZnodeError} the error that it was answered with; ZK_CONNECTION_LOSS
   */
  exchange<T>(
    op: number,
    write: (writer: JuteWriter) => void,
    read: (reader: JuteReader) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(new ZnodeError(ZK_ERRORS.CONNECTION_LOSS.errno))
      const xid = this.#xid()
      const reply = (errno: number, reader: JuteReader): void => {
        if (errno === 0) resolve(read(reader))
        else reject(new ZnodeError(errno))
      }
      this.#sent.push({ xid, op, tag: 0, at: this.#now(), bytes: 0, exchange: { reply, reject } })
      this.#writer.begin()
      encodeRequestHeader(this.#writer, xid, op)
      write(this.#writer)
      this.#writer.end()
      this.#flushSoon()
    })
  }

  authenticate(scheme: string, auth: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) return reject(new ZnodeError(ZK_ERRORS.CONNECTION_LOSS.errno))
      this.#proofs.push({ resolve, reject })
      encodeRequest(this.#writer, XID.auth, OP.auth, { scheme, auth })
      this.#flushSoon()
    })
  }

  ping(): void {
    // Of two pings in flight one reply would not say which it is for.
    if (this.#isOver || this.#pingSent !== undefined) return
    this.#pingSent = this.#now()
    encodeRequest(this.#writer, XID.ping, OP.ping, undefined)
    this.#flushSoon()
  }

  drop(): void {
    this.#over()
    this.#socket.destroy()
    const { errno } = ZK_ERRORS.CONNECTION_LOSS
    this.#refuse(new ZnodeError(errno, undefined, { outcome: 'unapplied' }))
  }

  #xid(): number {
    const xid = this.#nextXid
    this.#nextXid = xid === XID_MAX ? 1 : xid + 1
    return xid
  }

  #greet(): void {
    this.#isGreeted = true
    const { known, timeoutMs, lastZxid, canBeReadOnly } = this.#options
    encodeConnectRequest(this.#writer, {
      protocolVersion: 0,
      lastZxidSeen: lastZxid,
      timeoutMs,
      sessionId: known?.sessionId ?? 0n,
      password: known?.password ?? this.password,
      readOnly: canBeReadOnly,
      hasReadOnly: true,
    })
    this.#alive = this.#now()
    this.#flush()
  }

  /** What one turn of the event loop sends leaves together. */
  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    queueMicrotask(() => {
      this.#isFlushing = false
      this.#flush()
    })
  }

  #flush(): void {
    const bytes = this.#writer.take()
    if (bytes !== null && !this.#isOver) this.#socket.write(bytes)
  }

  #data(chunk: Buffer): void {
    this.#receivedMs = this.#options.clock.monotonic()
    try {
      this.#splitter.push(chunk)
    } catch (error) {
      if (!(error instanceof WireError)) {
        this.#options.faults.found(error, 'fault in what a server sent: connection closed')
      }
      this.#fail(error)
    }
  }

  #frame(reader: JuteReader): void {
    if (this.#isOver) return
    if (this.#opened !== undefined) return this.#welcome(decodeConnectResponse(reader))
    const { xid, zxid, errno } = decodeReplyHeader(reader)
    switch (xid) {
      case XID.notification: {
        const { type, path } = decodeWatcherEvent(reader)
        return this.#options.sink.event(type as EventType, path, Math.max(0, zxid))
      }
      case XID.ping:
        if (this.#pingSent !== undefined) this.#saw(this.#pingSent)
        this.#pingSent = undefined
        return
      case XID.auth:
        return this.#proved(errno)
      default:
        return this.#reply(xid, zxid, errno, reader)
    }
  }

  #welcome(response: ConnectResponse): void {
    const opened = this.#opened
    this.#opened = undefined
    this.#cancelTimer()
    this.#options.signal?.removeEventListener('abort', this.#aborted)
    if (response.timeoutMs <= 0) {
      this.drop()
      opened?.resolve(false)
      return
    }
    this.sessionId = response.sessionId
    this.password = Uint8Array.from(response.password)
    this.timeoutMs = response.timeoutMs
    this.isReadOnly = response.readOnly
    this.#watchSilence()
    opened?.resolve(true)
  }

  /** What was received during a pause of this process is read before it counts as silence. */
  #watchSilence(): void {
    const { clock } = this.#options
    this.#cancelTimer = deadline(clock, this.timeoutMs / LOOKS, () => {
      const silentMs = clock.monotonic() - this.#receivedMs
      if (silentMs <= this.timeoutMs * SILENCE_SHARE) return this.#watchSilence()
      this.#isGivenUp = true
      this.#socket.destroy()
    })
  }

  #reply(xid: number, zxid: number, errno: number, reader: JuteReader): void {
    const sent = this.#sent.first
    if (sent === undefined || sent.xid !== xid) {
      throw new WireError(`a reply to request ${xid} instead of ${sent?.xid ?? 'none'}`)
    }
    const { exchange } = sent
    const result = exchange === undefined ? decodeResult(sent.op, errno, reader) : undefined
    exchange?.reply(errno, reader)
    this.#sent.shift()
    this.#saw(sent.at)
    this.#hasAnswered = true
    this.#options.sizes.answered(sent.bytes)
    if (exchange !== undefined) return
    this.#options.sink.reply(sent.tag, Math.max(0, zxid), errno, result ?? { type: 'none' })
  }

  #now(): Moment {
    const { clock } = this.#options
    return { monotonicMs: clock.monotonic(), wallMs: clock.now() }
  }

  /** The server had the session's request of that time. */
  #saw(sent: Moment): void {
    if (sent.monotonicMs > this.#alive.monotonicMs) this.#alive = sent
  }

  #proved(errno: number): void {
    if (this.#proofs.length === 0) throw new WireError('a reply to an auth that was not sent')
    const { resolve, reject } = this.#proofs.shift()
    if (errno === 0) resolve()
    else reject(new ZnodeError(errno))
  }

  #fail(cause?: unknown): void {
    if (this.#isOver) return
    this.#options.faults.run('the end of a connection', () => this.#failed(cause))
  }

  #failed(cause: unknown): void {
    this.#socket.destroy()
    const opened = this.#opened
    this.#over()
    const { CONNECTION_LOSS } = ZK_ERRORS
    const error = new ZnodeError(CONNECTION_LOSS.errno, undefined, { outcome: 'unapplied', cause })
    this.#refuse(error)
    if (opened !== undefined) return opened.reject(error)
    const isAnswered = this.#sent.length === 0
    let bytesMax = 0
    while (this.#sent.length > 0) {
      const { bytes, exchange } = this.#sent.shift()
      bytesMax = Math.max(bytesMax, bytes)
      exchange?.reject(error)
    }
    if (this.#hasAnswered && !this.#isGivenUp) this.#options.sizes.closed(bytesMax)
    const reason: LinkEnd = this.#isClosing && isAnswered ? 'closed' : 'away'
    this.#options.sink.ended(reason)
  }

  /** Of the proofs that have no answer. */
  #refuse(error: Error): void {
    while (this.#proofs.length > 0) this.#proofs.shift().reject(error)
  }

  #over(): void {
    this.#isOver = true
    this.#opened = undefined
    this.#cancelTimer()
    this.#splitter.stop()
    this.#options.signal?.removeEventListener('abort', this.#aborted)
  }
}
