/**
 * One client's TCP connection: it decodes requests and hands them to the session, and encodes the
 * session's replies and events in their order.
 * Line: lib/protocol/frame, wire → here → session; session → here → outbox.
 */
import type { Socket } from 'node:net'
import {
  type AuthId,
  deadline,
  type EndReason,
  type EventType,
  type Result,
  type Session,
  type SessionQuery,
  WireError,
  ZK_ERRORS,
} from '../lib/internal.ts'
import { FrameSplitter } from '../lib/protocol/frame.ts'
import { JuteReader } from '../lib/protocol/jute/reader.ts'
import type { JuteWriter } from '../lib/protocol/jute/writer.ts'
import { CHANGES_OP } from '../lib/protocol/record/changes.ts'
import { encodeErrorReply, encodeEvent } from '../lib/protocol/wire/encode-reply.ts'
import { addressOf } from './admission.ts'
import { decodeOrFail } from './decode-or-fail.ts'
import { Dispatcher } from './dispatcher.ts'
import { FirstBytes, wordOf } from './first-bytes.ts'
import { openSession } from './handshake.ts'
import type { ClientConnection, ProxyHost } from './host.ts'
import { InFlight } from './in-flight.ts'
import { Outbox } from './outbox.ts'
import { ServedChanges } from './served-changes.ts'
import { Slice } from './slice.ts'
import { Latency } from './stats.ts'
import { Throttle } from './throttle.ts'

type Phase =
  /** Nothing is decoded yet: a four-letter word or a ConnectRequest comes first. */
  | 'new'
  /** A four-letter word was answered: further input is ignored. */
  | 'answered'
  /** The session is being opened or resumed; frames that arrive meanwhile are held. */
  | 'handshake'
  | 'open'
  | 'closed'

/** Longest ConnectRequest: it has some fifty bytes. Nobody is known yet who could be billed for more. */
const GREETING_BYTES_MAX = 4_096
/** How long a closed connection may take to send its last output, ms. */
const LINGER_MS = 2_000

export class Connection implements ClientConnection {
  readonly server: ProxyHost
  readonly socket: Socket
  readonly address: string
  readonly port: number
  readonly initialIds: readonly AuthId[]
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
  readonly #outbox: Outbox
  readonly #throttle: Throttle
  readonly #firstBytes = new FirstBytes()
  /** The first four bytes were no four-letter word: all input is frames. */
  #isFramed = false
  #session: Session | undefined
  readonly #inFlight: InFlight
  readonly #dispatcher: Dispatcher
  readonly #slice: Slice
  /** After the request before, events of that time included. */
  #encodedBytes = 0
  /** Bytes that the client's side had taken when it was looked at last. */
  #takenBytes = 0
  #cancelTimeout: (() => void) | undefined
  #changes: ServedChanges | undefined

  /** `proven`: ids of its certificate. */
  constructor(server: ProxyHost, socket: Socket, proven: readonly AuthId[] = []) {
    this.server = server
    this.socket = socket
    this.address = addressOf(socket)
    this.initialIds = [{ scheme: 'ip', id: this.address }, ...proven]
    this.port = socket.remotePort ?? 0
    this.establishedMs = Date.now()
    const now = () => server.keeper.clock.monotonic()
    this.#slice = new Slice(now, server.options.sliceMs, server.turns)
    this.#inFlight = new InFlight(server.requestBytes)
    this.#throttle = new Throttle({
      socket,
      limits: server.options,
      turns: server.turns,
      budget: server.requestBytes,
      inFlight: this.#inFlight,
      outstanding: () => this.queued,
      isOpen: () => this.#phase === 'open',
      onTurn: () => this.#slice.begin(),
      onFrame: (frame) => this.#heldRequest(frame),
      onFault: (error) => this.broken(error),
    })
    this.#dispatcher = new Dispatcher({
      connection: this,
      inFlight: this.#inFlight,
      throttle: this.#throttle,
    })
    this.#outbox = new Outbox(server, socket, this.#throttle, this.name)
    this.writer = this.#outbox.writer
    this.#splitter = new FrameSplitter({
      frameBytesMax: Math.min(GREETING_BYTES_MAX, server.options.frameBytesMax),
      onFrame: (buffer, start, end) => this.#frame(buffer, start, end),
    })
    socket.on('data', (chunk) => this.#data(chunk))
    const close = () => this.#guard(() => this.close())
    socket.on('error', close)
    socket.on('close', close)
    // It may have sent its last requests, such as closeSession, while others had their turn.
    socket.on('end', () => this.#guard(() => this.#throttle.afterHeld(() => this.close())))
    socket.on('drain', () => this.#outbox.drained())
    this.#cancelTimeout = deadline(server.keeper.clock, server.options.greetingTimeoutMs, () => {
      server.stats.sessionlessDropped++
      server.logger.info({ client: this.name }, 'no ConnectRequest in time: client disconnected')
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

  /** A fault of ours while it is served ends this connection, and no other one. */
  broken(error: unknown): void {
    const { faults } = this.server.keeper
    const fields = { client: this.name, session: this.#session?.id.toString(16) }
    faults.found(error, 'fault in a connection: client disconnected', fields)
    faults.run('the end of a connection', () => this.drop())
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.broken(error)
    }
  }

  #data(input: Buffer): void {
    try {
      this.#receive(input)
    } catch (error) {
      if (error instanceof WireError) this.#guard(() => this.#malformed(error))
      else this.broken(error)
    }
  }

  #receive(input: Buffer): void {
    this.server.stats.bytesReceived += input.length
    this.server.keeper.checkStore()
    if (this.#phase === 'answered' || this.#phase === 'closed') return
    let chunk = input
    if (!this.#isFramed) {
      const first = this.#firstBytes.add(input)
      if (first === undefined) return
      chunk = first
      if (this.server.fourLetterWord(this, wordOf(chunk))) {
        this.#phase = 'answered'
        return
      }
      this.#isFramed = true
    }
    if (this.#phase === 'open' && !this.#throttle.isPaused) {
      if (this.server.turns.isOver) this.#throttle.endTurn(false)
      else this.#slice.begin()
    }
    this.#splitter.push(chunk)
    if (this.#session !== undefined) this.server.keeper.sessions.touch(this.#session)
  }

  #frame(buffer: Buffer, start: number, end: number): void {
    this.received++
    this.server.stats.packetsReceived++
    switch (this.#phase) {
      case 'new':
        this.#phase = 'handshake'
        this.#splitter.frameBytesMax = this.server.options.frameBytesMax
        this.#cancelTimeout?.()
        openSession(this, this.#reader.reset(buffer, start, end)).catch((error: unknown) =>
          this.#guard(() => this.#notOpened(error)),
        )
        break
      case 'handshake':
        this.#throttle.hold(buffer, start, end)
        break
      case 'open':
        if (this.#throttle.isPaused) this.#throttle.hold(buffer, start, end)
        else this.#request(buffer, start, end)
        break
    }
  }

  #notOpened(error: unknown): void {
    if (error instanceof WireError) return this.#malformed(error)
    this.server.logger.warn({ err: error, client: this.name }, 'session not opened')
    this.close()
  }

  /** The handshake succeeded: frames that were held meanwhile are next. */
  opened(session: Session): void {
    if (this.#phase === 'closed') {
      session.end('closed')
      this.server.keeper.sessions.detach(session)
      return
    }
    this.#session = session
    this.#phase = 'open'
    this.replied()
    this.#outbox.flush()
    this.#throttle.takeHeld()
  }

  #heldRequest(frame: Buffer): void {
    try {
      this.#request(frame, 0, frame.length)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#malformed(error)
    }
  }

  /** RequestHeader = int xid, int type */
  #request(buffer: Buffer, start: number, end: number): void {
    const reader = this.#reader.reset(buffer, start, end)
    const xid = reader.int()
    const op = reader.int()
    this.lastXid = xid
    if (this.#dispatcher.refuses(this.#session as Session, xid, op)) return
    const request = decodeOrFail(op, reader, this.server.stats)
    if (request === undefined) {
      if (op === CHANGES_OP) {
        this.#changes ??= new ServedChanges(this)
        return this.#changes.request(xid, reader)
      }
      this.server.stats.unimplemented++
      this.server.logger.info({ client: this.name, op }, 'unknown opcode: client disconnected')
      this.refuse(xid, -1, ZK_ERRORS.UNIMPLEMENTED.errno)
      return
    }
    this.#dispatcher.dispatch(this.#session as Session, xid, op, request, end - start)
    const { encodedBytes } = this.#outbox
    const bytes = end - start + encodedBytes - this.#encodedBytes
    this.#encodedBytes = encodedBytes
    if (!this.#slice.isOverAfter(bytes)) return
    this.server.stats.slicesUsed++
    this.#throttle.endTurn(true)
  }

  /** Replies with the error, then closes. The session itself stays. */
  refuse(xid: number, zxid: number, errno: number): void {
    encodeErrorReply(this.writer, xid, zxid, errno)
    this.replied()
    this.close()
  }

  /** One packet was encoded into `writer`: it is counted and leaves with this tick. */
  replied(): void {
    this.sent++
    this.server.stats.packetsSent++
    this.#outbox.flushLater()
  }

  // SessionSink

  reply(xid: number, _query: SessionQuery, zxid: number, errno: number, result: Result): void {
    // A read that did not have to wait is answered while none does.
    if (!this.#inFlight.isEmpty) this.#answered(this.#inFlight.answered())
    if (errno === 0) {
      if (!this.#outbox.encode(xid, zxid, result)) return this.close()
    } else if (errno === ZK_ERRORS.SESSION_MOVED.errno) {
      // ZooKeeper answers it by closing the connection (H7).
      this.close()
      return
    } else if (errno === ZK_ERRORS.UNIMPLEMENTED.errno) {
      // Of the ensemble that leads: as of an unknown opcode.
      return this.refuse(xid, -1, errno)
    } else {
      this.server.stats.failed(errno)
      encodeErrorReply(this.writer, xid, zxid, errno)
    }
    this.lastZxid = zxid
    this.replied()
    if (this.#throttle.isPaused) this.#throttle.maybeResume()
  }

  /** What came then is answered; below 0: it is a read. */
  #answered(arrivedMs: number): void {
    const { stats } = this.server
    const ms = performance.now() - Math.abs(arrivedMs)
    this.latency.record(ms)
    if (arrivedMs < 0) stats.answeredRead(ms, 1)
    else stats.answeredWrite(ms)
  }

  event(type: EventType, path: string, zxid: number): void {
    encodeEvent(this.writer, type, path, zxid)
    this.server.stats.eventsSent++
    this.replied()
  }

  hasProgress(): boolean {
    const { socket } = this
    const takenBytes = socket.bytesWritten - socket.writableLength
    const hasTaken = takenBytes > this.#takenBytes && socket.writableLength > 0
    this.#takenBytes = takenBytes
    return hasTaken || this.#throttle.isOurs
  }

  ended(reason: EndReason): void {
    if (reason !== 'closed') {
      this.server.logger.debug({ client: this.name, reason }, 'session ended: client disconnected')
    }
    this.close()
  }

  #malformed(error: WireError): void {
    this.server.stats.malformedDropped++
    this.server.logger.info(
      { client: this.name, reason: error.message },
      'malformed packet: client disconnected',
    )
    this.close()
  }

  /** Sends pending output, then ends the connection. The session stays for a reconnect. */
  close(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#splitter.stop()
    this.#cancelTimeout?.()
    this.#changes?.close()
    this.#outbox.flush()
    const session = this.#session
    if (session !== undefined) {
      session.end('closed')
      this.server.keeper.sessions.detach(session)
    }
    this.#inFlight.clear()
    this.#throttle.clear()
    this.#outbox.dropped()
    this.socket.destroySoon()
    // A client that does not read would keep the socket, and the process, open for ever.
    if (this.socket.writableLength > 0) {
      this.server.keeper.clock.after(LINGER_MS, () => this.socket.destroy())
    }
    this.server.removed(this)
  }

  drop(): void {
    this.socket.destroy()
    this.close()
  }
}
