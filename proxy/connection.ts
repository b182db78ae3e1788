/**
 * One client's TCP connection: frames in, replies and events out, in order. It owns the output
 * buffer; everything that is written in one tick leaves in one socket write.
 * Line: frame → here → session; session → here → bytes.
 */
import type { Socket } from 'node:net'
import {
  type AuthId,
  type EndReason,
  type EventType,
  OP,
  type Request,
  type Result,
  type Session,
  type SessionQuery,
  SUPER_ID,
  WireError,
  ZK_ERRORS,
} from '../lib/index.ts'
import { FrameSplitter } from '../lib/protocol/frame.ts'
import { JuteReader } from '../lib/protocol/jute/reader.ts'
import { JuteWriter } from '../lib/protocol/jute/writer.ts'
import { decodeRequest } from '../lib/protocol/wire/decode-request.ts'
import {
  encodeErrorReply,
  encodeEvent,
  encodeReply,
  encodeSaslFailure,
} from '../lib/protocol/wire/encode-reply.ts'
import { malformedFate, XID } from '../lib/protocol/wire/opcodes.ts'
import { greet } from './handshake.ts'
import type { ClientConnection, ProxyHost } from './host.ts'
import { DigestMd5Exchange, SaslFailure } from './sasl/digest-md5.ts'
import { Latency } from './stats.ts'

type Phase =
  /** Nothing decoded yet: a four-letter word or a ConnectRequest comes. */
  | 'new'
  /** A four-letter word was answered: what else comes is not looked at. */
  | 'answered'
  /** The session is being opened; frames that arrive meanwhile wait. */
  | 'greeting'
  | 'open'
  | 'closed'

/** Frames a client may send ahead of the answer to its ConnectRequest. */
const EARLY_FRAMES_MAX = 1_000
/** Replies that make so much leave before the tick ends: one chunk of input may ask for gigabytes. */
const FLUSH_BYTES = 256 * 1024
/** How long a closed connection may take to send what is written, ms. */
const LINGER_MS = 2_000

export class Connection implements ClientConnection {
  readonly server: ProxyHost
  readonly socket: Socket
  readonly address: string
  readonly port: number
  readonly establishedMs: number
  readonly latency = new Latency()
  received = 0
  sent = 0
  lastOperation = 'NA'
  lastXid = 0
  lastZxid = -1
  #phase: Phase = 'new'
  readonly #splitter: FrameSplitter
  readonly #reader = new JuteReader()
  readonly writer: JuteWriter
  readonly #flushBytes: number
  /** Frames that wait for the end of the handshake, or until there is room again. */
  readonly #held: Buffer[] = []
  /** Bytes of the first packet's length word, until four are there. */
  #firstBytes: Buffer | undefined
  /** The first four bytes were no word: from there on all is frames. */
  #framed = false
  #session: Session | undefined
  #flushDue = false
  /** Too much on its way, or unread by the client: neither the socket nor held frames are read. */
  #paused = false
  #resumeDue = false
  /** xid → when its write came in, monotonic ms. */
  readonly #writesSince = new Map<number, number>()
  #cancelGreeting: (() => void) | undefined
  #saslExchange: DigestMd5Exchange | undefined

  constructor(server: ProxyHost, socket: Socket) {
    this.server = server
    this.socket = socket
    const remote = socket.remoteAddress ?? ''
    // An IPv4 client on a dual-stack socket is known by its IPv4 address, as in ACLs.
    this.address = remote.startsWith('::ffff:') ? remote.slice(7) : remote
    this.port = socket.remotePort ?? 0
    this.establishedMs = Date.now()
    const { frameBytesMax, outputBytesMax } = server.options
    this.writer = new JuteWriter({ pendingBytesMax: outputBytesMax, pool: server.outputChunks })
    this.#flushBytes = Math.min(FLUSH_BYTES, outputBytesMax / 16)
    this.#splitter = new FrameSplitter({
      frameBytesMax,
      onFrame: (buffer, start, end) => this.#frame(buffer, start, end),
    })
    socket.on('data', (chunk) => this.#data(chunk))
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
    socket.on('end', () => this.close())
    socket.on('drain', () => this.#maybeResume())
    this.#cancelGreeting = server.keeper.clock.after(server.options.greetingTimeoutMs, () => {
      server.stats.sessionlessDropped++
      server.logger.info({ client: this.name }, 'no ConnectRequest in time')
      this.close()
    })
  }

  get name(): string {
    return `${this.address}:${this.port}`
  }
  get session(): Session | undefined {
    return this.#session
  }
  get isClosed(): boolean {
    return this.#phase === 'closed'
  }
  get queued(): number {
    return this.#session?.outstanding ?? 0
  }
  /** The ids every connection has without asking (A2). */
  get initialIds(): readonly AuthId[] {
    return [{ scheme: 'ip', id: this.address }]
  }

  #data(input: Buffer): void {
    this.server.stats.bytesReceived += input.length
    this.server.keeper.checkStore()
    if (this.#phase === 'answered' || this.#phase === 'closed') return
    let chunk = input
    if (!this.#framed) {
      chunk = this.#firstBytes === undefined ? input : Buffer.concat([this.#firstBytes, input])
      if (chunk.length < 4) {
        this.#firstBytes = chunk
        return
      }
      this.#firstBytes = undefined
      if (this.server.fourLetterWord(this, chunk.toString('latin1', 0, 4))) {
        this.#phase = 'answered'
        return
      }
      this.#framed = true
    }
    try {
      this.#splitter.push(chunk)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#malformed(error)
      return
    }
    if (this.#session !== undefined) this.server.keeper.sessions.heard(this.#session)
  }

  #frame(buffer: Buffer, start: number, end: number): void {
    this.received++
    this.server.stats.packetsReceived++
    switch (this.#phase) {
      case 'new':
        this.#phase = 'greeting'
        this.#cancelGreeting?.()
        greet(this, this.#reader.reset(buffer, start, end)).catch((error: unknown) => {
          if (error instanceof WireError) this.#malformed(error)
          else {
            this.server.logger.warn({ err: error, client: this.name }, 'session not opened')
            this.close()
          }
        })
        break
      case 'greeting':
        if (this.#held.length >= EARLY_FRAMES_MAX) this.close()
        else this.#hold(buffer, start, end)
        break
      case 'open':
        // At most what one chunk of the socket holds: nothing more is read from it.
        if (this.#paused) this.#hold(buffer, start, end)
        else this.#request(buffer, start, end)
        break
    }
  }

  #hold(buffer: Buffer, start: number, end: number): void {
    this.#held.push(Buffer.from(buffer.subarray(start, end)))
  }

  /** The handshake is done: what came meanwhile is next. */
  opened(session: Session): void {
    if (this.#phase === 'closed') {
      session.end('closed')
      this.server.keeper.sessions.detach(session)
      return
    }
    this.#session = session
    this.#phase = 'open'
    this.sent++
    this.server.stats.packetsSent++
    this.flush()
    this.#takeHeld()
  }

  #takeHeld(): void {
    let taken = 0
    try {
      while (taken < this.#held.length && !this.#paused && this.#phase === 'open') {
        const frame = this.#held[taken++] as Buffer
        this.#request(frame, 0, frame.length)
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#malformed(error)
    }
    this.#held.splice(0, taken)
  }

  /** RequestHeader = int xid, int type */
  #request(buffer: Buffer, start: number, end: number): void {
    const reader = this.#reader.reset(buffer, start, end)
    const xid = reader.int()
    const op = reader.int()
    this.lastXid = xid
    let request: Request | undefined
    try {
      request = decodeRequest(op, reader)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      request = this.#undecodable(op, error)
    }
    if (request === undefined) {
      this.server.stats.unimplemented++
      this.server.logger.info({ client: this.name, op }, 'unknown opcode')
      this.refuse(xid, -1, ZK_ERRORS.UNIMPLEMENTED.errno)
      return
    }
    this.#dispatch(op === OP.ping ? XID.ping : xid, op, request)
  }

  /** Most records that cannot be read are answered in their turn; auth and sasl end the connection. */
  #undecodable(op: number, error: WireError): Request {
    const fate = malformedFate(op)
    if (fate === 'close') throw error
    this.server.stats.malformedRequests++
    const { errno } = ZK_ERRORS.MARSHALLING
    return fate === 'write' ? { type: 'fail', errno } : { type: 'failRead', errno }
  }

  #dispatch(xid: number, op: number, request: Request): void {
    const session = this.#session as Session
    switch (request.type) {
      case 'auth':
        return this.#authenticate(xid, request.scheme, request.auth)
      case 'sasl':
        return this.#sasl(xid, request.token)
      case 'reconfig':
        return this.#write(session, xid, {
          type: 'fail',
          errno: ZK_ERRORS.RECONFIG_DISABLED.errno,
        })
      case 'create':
      case 'check':
      case 'delete':
      case 'setData':
      case 'setACL':
      case 'multi':
      case 'deleteContainer':
      case 'closeSession':
      case 'fail':
      case 'sync':
        return this.#write(session, xid, request)
      default:
        this.server.stats.reads++
        session.read(request, xid)
        if (op !== OP.ping) this.lastOperation = request.type
        this.#pauseIfBusy(session)
    }
  }

  #write(session: Session, xid: number, request: Parameters<Session['write']>[0]): void {
    this.server.stats.writes++
    this.#writesSince.set(xid, performance.now())
    this.lastOperation = request.type
    session.write(request, xid)
    this.#pauseIfBusy(session)
  }

  /** Reads count too: behind a write they wait in line. */
  #pauseIfBusy(session: Session): void {
    if (session.outstanding >= this.server.options.outstandingMax) this.#pause()
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.socket.pause()
  }

  /** Auth is answered at once, ahead of what is still on its way, with zxid 0. */
  #authenticate(xid: number, scheme: string, auth: Uint8Array | null): void {
    if (auth !== null && this.#session?.authenticate(scheme, auth) === true) {
      this.#reply(() => encodeErrorReply(this.writer, xid, 0, 0))
      return
    }
    this.server.stats.authFailed++
    this.server.logger.warn({ client: this.name, scheme }, 'authentication failed')
    this.refuse(xid, 0, ZK_ERRORS.AUTH_FAILED.errno)
  }

  /** Tokens go back and forth ahead of other traffic, with zxid 0 (H12). */
  #sasl(xid: number, token: Uint8Array | null): void {
    if (token === null) return this.close()
    const { saslUsers, saslSuperUser } = this.server.options
    if (saslUsers.size === 0) {
      // As a server without SASL configured does.
      this.#reply(() => encodeReply(this.writer, xid, 0, { type: 'sasl', token: null }))
      return
    }
    this.#saslExchange ??= new DigestMd5Exchange(saslUsers)
    try {
      const { token: answer, user } = this.#saslExchange.step(token)
      if (user !== undefined) {
        const proven: AuthId[] = [{ scheme: 'sasl', id: user }]
        if (user === saslSuperUser) proven.push(SUPER_ID)
        this.#session?.addIds(proven)
      }
      this.#reply(() => encodeReply(this.writer, xid, 0, { type: 'sasl', token: answer }))
    } catch (error) {
      if (!(error instanceof SaslFailure)) throw error
      this.server.stats.authFailed++
      this.server.logger.warn({ client: this.name, reason: error.message }, 'SASL failed')
      this.#reply(() => encodeSaslFailure(this.writer, xid, ZK_ERRORS.AUTH_FAILED.errno))
      this.close()
    }
  }

  /** Says why, then closes. The session itself stays. */
  refuse(xid: number, zxid: number, errno: number): void {
    this.#reply(() => encodeErrorReply(this.writer, xid, zxid, errno))
    this.close()
  }

  #reply(encode: () => void): void {
    encode()
    this.sent++
    this.server.stats.packetsSent++
    this.#flushLater()
  }

  // SessionSink

  reply(xid: number, _query: SessionQuery, zxid: number, errno: number, result: Result): void {
    if (errno === 0) {
      if (!this.#encode(xid, zxid, result)) return
    } else if (errno === ZK_ERRORS.SESSION_MOVED.errno) {
      // Answered by closing the connection (H7).
      this.close()
      return
    } else encodeErrorReply(this.writer, xid, zxid, errno)
    this.sent++
    this.lastZxid = zxid
    this.server.stats.packetsSent++
    if (this.#writesSince.size > 0) {
      const since = this.#writesSince.get(xid)
      if (since !== undefined) {
        this.#writesSince.delete(xid)
        const ms = performance.now() - since
        this.latency.record(ms)
        this.server.stats.latency.record(ms)
      }
    }
    this.#flushLater()
    if (this.#paused) this.#maybeResume()
  }

  /** false: it would not fit into what may wait for a client, and that client is cut. */
  #encode(xid: number, zxid: number, result: Result): boolean {
    try {
      encodeReply(this.writer, xid, zxid, result)
      return true
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.writer.rollback()
      this.server.logger.warn({ client: this.name, reason: error.message }, 'reply too large, cut')
      this.close()
      return false
    }
  }

  event(type: EventType, path: string, zxid: number): void {
    encodeEvent(this.writer, type, path, zxid)
    this.sent++
    this.server.stats.packetsSent++
    this.server.stats.eventsSent++
    this.#flushLater()
  }

  ended(reason: EndReason): void {
    if (reason !== 'closed') this.server.logger.debug({ client: this.name, reason }, 'session left')
    this.close()
  }

  // Output

  #flushLater(): void {
    if (this.writer.pendingBytes > this.#flushBytes) return this.flush()
    if (this.#flushDue) return
    this.#flushDue = true
    this.server.flushSoon(this)
  }

  flush(): void {
    this.#flushDue = false
    const bytes = this.writer.take()
    if (bytes === null) return
    this.server.stats.bytesSent += bytes.length
    if (this.socket.destroyed || this.socket.writableEnded) return
    this.socket.write(bytes)
    const waiting = this.socket.writableLength
    // The kernel has taken all of it already, as it does unless the client reads too slowly.
    if (waiting === 0) return this.writer.release()
    if (waiting > this.server.options.outputBytesMax) {
      this.server.logger.warn({ client: this.name, waiting }, 'client does not read, cut')
      this.socket.destroy()
    } else if (waiting > this.server.options.outputBytesMax / 16) this.#pause()
  }

  get #hasRoom(): boolean {
    const { outstandingMax, outputBytesMax } = this.server.options
    return this.queued <= outstandingMax / 2 && this.socket.writableLength <= outputBytesMax / 32
  }

  /** In a turn of its own: whoever calls may be in the middle of an answer. */
  #maybeResume(): void {
    if (!this.#paused || this.#resumeDue || this.#phase !== 'open' || !this.#hasRoom) return
    this.#resumeDue = true
    setImmediate(() => {
      this.#resumeDue = false
      if (this.#phase !== 'open' || !this.#hasRoom) return
      this.#paused = false
      this.#takeHeld()
      if (!this.#paused) this.socket.resume()
    })
  }

  #malformed(error: WireError): void {
    this.server.stats.malformedDropped++
    this.server.logger.info({ client: this.name, reason: error.message }, 'malformed packet')
    this.close()
  }

  /** Sends what is written, then ends the connection. The session waits for its client. */
  close(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#splitter.stop()
    this.#cancelGreeting?.()
    this.flush()
    const session = this.#session
    if (session !== undefined) {
      session.end('closed')
      this.server.keeper.sessions.detach(session)
    }
    this.#writesSince.clear()
    this.#held.length = 0
    this.socket.destroySoon()
    // A client that does not read would keep it, and the process, for ever.
    if (this.socket.writableLength > 0) {
      this.server.keeper.clock.after(LINGER_MS, () => this.socket.destroy())
    }
    this.server.removed(this)
  }
}
