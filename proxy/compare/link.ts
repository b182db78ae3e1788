/**
 * One client's connection and its connection to each side. Frames of the candidate go to the client
 * as they come; what the client asks is asked of both sides in its turn, and the answers compared.
 * Neighbours: server, oracle-side, upstream, event-matcher, compare-reply.
 */
import type { Socket } from 'node:net'
import { OP, type Request, WireError } from '../../lib/index.ts'
import { bodyOf, FrameSplitter, framed } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import {
  type ConnectRequest,
  decodeConnectRequest,
  encodeConnectRequest,
} from '../../lib/protocol/record/connect-request.ts'
import { decodeConnectResponse } from '../../lib/protocol/record/connect-response.ts'
import { decodeReply, type Reply } from '../../lib/protocol/wire/decode-reply.ts'
import { encodeRequest } from '../../lib/protocol/wire/encode-request.ts'
import { XID } from '../../lib/protocol/wire/opcodes.ts'
import { type Asked, decodeAsked, isSetWatches, shownAsked, withRelativeZxid } from './asked.ts'
import { compareGreetings, compareReplies, type FieldDifference } from './compare-reply.ts'
import { EventMatcher, type Side } from './event-matcher.ts'
import type { CompareHost } from './host.ts'
import { OracleSide } from './oracle-side.ts'
import type { Difference } from './report.ts'
import type { ComparedSession, SessionHolder, SessionTicket } from './sessions.ts'
import { showId } from './show.ts'
import type { Answer, SeenEvent, Upstream } from './upstream.ts'

type Phase = 'new' | 'open' | 'over'

/** Requests of one client that may wait before its socket is not read on. */
const WAITING_MAX = 1_000
/** One side's end of a connection is often followed at once by the other's. */
const BOTH_END_MS = 250

const PING = bodyOf((writer) => encodeRequest(writer, XID.ping, OP.ping, undefined))
const CLOSE_SESSION = bodyOf((writer) => encodeRequest(writer, 0, OP.closeSession, undefined))

export class Link implements SessionHolder {
  readonly #host: CompareHost
  readonly #socket: Socket
  readonly #name: string
  readonly #splitter: FrameSplitter
  readonly #events: EventMatcher
  readonly #oracle: OracleSide
  #candidate: Upstream | undefined
  #session: ComparedSession | undefined
  #phase: Phase = 'new'
  #waiting = 0
  #position = 0
  #clientGone = false
  /** Nothing of the candidate's goes to the client any more. */
  #isMuted = false
  #usedSasl = false
  #isClosed = false
  #lastZxid: Record<Side, number> = { candidate: 0, oracle: 0 }
  #cancelEnd = () => {}
  #onEnd: (() => void)[] = []

  constructor(host: CompareHost, socket: Socket) {
    this.#host = host
    this.#socket = socket
    this.#name = `${socket.remoteAddress}:${socket.remotePort}`
    this.#splitter = new FrameSplitter({
      frameBytesMax: host.options.frameBytesMax,
      onFrame: (buffer, start, end) => this.#frame(Buffer.from(buffer.subarray(start, end))),
    })
    this.#events = new EventMatcher({
      clock: host.clock,
      graceMs: host.options.graceMs,
      onMatched: () => {
        host.report.counts.events++
      },
      onDifference: ({ request, ...difference }) =>
        this.#tell({ kind: 'event', ...difference, ...(request && { request }) }),
    })
    this.#oracle = new OracleSide(host, {
      onEvent: (event) => this.#event('oracle', event),
      onEnd: () => this.#sideEnded('oracle'),
    })
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#clientGone = true
      this.#splitter.stop()
      this.#inTurn(async () => this.#afterClient())
    })
  }

  get isLingering(): boolean {
    return this.#clientGone && this.#phase === 'open'
  }

  get isBusy(): boolean {
    return this.#waiting > 0
  }

  /** Events without their equal so far. */
  get eventsWaiting(): number {
    return this.#events.waiting
  }

  /** Bytes of the client. Ends the connection when they are no frames. */
  data(chunk: Buffer): void {
    if (this.#session !== undefined) this.#session.heardMs = this.#host.clock.monotonic()
    try {
      this.#splitter.push(chunk)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#socket.destroy()
    }
  }

  // SessionHolder

  drop(): void {
    this.#over(false)
  }

  keepAlive(sinceMs: number): void {
    for (const upstream of [this.#candidate, this.#oracle.upstream]) {
      if (upstream !== undefined && upstream.sentMs < sinceMs) upstream.ping(PING, false)
    }
  }

  async expire(): Promise<void> {
    if (this.#phase === 'over') return
    this.#isMuted = true
    await this.#exchange(CLOSE_SESSION)
    this.#over(this.#isClosed)
  }

  /** At the end of the comparison: events without their equal are told. */
  stop(): void {
    this.#over(true)
  }

  /** What a server says may be unreadable: that ends the link, not the comparison. */
  #inTurn(task: () => Promise<void>): void {
    this.#host.turns.run(task).catch((error: unknown) => {
      this.#host.logger.error({ err: error, client: this.#name }, 'connection given up')
      this.#tell({ kind: 'connection', why: `given up: ${String(error)}` })
      this.#over(false)
    })
  }

  // The client's frames

  #frame(body: Buffer): void {
    const isFirst = this.#phase === 'new'
    if (isFirst) this.#phase = 'open'
    else if (isPing(body)) return this.#ping(body)
    this.#waiting++
    if (this.#waiting === WAITING_MAX) this.#socket.pause()
    this.#inTurn(async () => {
      if (isFirst) await this.#greet(body)
      else await this.#exchange(body)
      if (--this.#waiting < WAITING_MAX / 2) this.#socket.resume()
    })
  }

  /** Not in turn: a session must live while others' requests take long. */
  #ping(body: Buffer): void {
    this.#candidate?.ping(body, true)
    this.#oracle.upstream?.ping(body, false)
  }

  // The handshake

  async #greet(body: Buffer): Promise<void> {
    let asked: ConnectRequest
    try {
      asked = decodeConnectRequest(JuteReader.of(body))
    } catch {
      return this.#over(false)
    }
    const { host, known } = { host: this.#host, known: this.#host.sessions.get(asked.sessionId) }
    if (known?.holder?.isLingering) known.holder.drop()
    try {
      this.#candidate = await host.openCandidate()
    } catch (error) {
      host.logger.warn({ err: error, client: this.#name }, 'candidate not reachable')
      return this.#over(false)
    }
    this.#candidate.handlers = {
      onFrame: (frame) => this.#forward(frame),
      onEvent: (event) => this.#event('candidate', event),
      onEnd: () => this.#sideEnded('candidate'),
    }
    const oracle = await this.#oracle.open()
    this.#position = ++host.report.position
    const { answerTimeoutMs } = host.options
    const forOracle = this.#forOracle(asked, known)
    const translated = bodyOf((writer) => encodeConnectRequest(writer, forOracle))
    const [ours, theirs] = await Promise.all([
      this.#candidate.ask(body, answerTimeoutMs),
      oracle?.ask(translated, answerTimeoutMs),
    ])
    this.#greeted(asked, ours, theirs)
  }

  #forOracle(asked: ConnectRequest, known: ComparedSession | undefined): ConnectRequest {
    const lastZxidSeen = this.#host.zxids.toOracle(asked.lastZxidSeen)
    if (known?.oracle === undefined) return { ...asked, lastZxidSeen }
    const isRight = Buffer.from(asked.password ?? []).equals(known.candidate.password)
    const password = isRight ? known.oracle.password : asked.password
    return { ...asked, lastZxidSeen, sessionId: known.oracle.id, password }
  }

  #greeted(asked: ConnectRequest, ours: Answer, theirs: Answer | undefined): void {
    const { sessions, report, clock } = this.#host
    const candidate = ticketOf(ours)
    const oracle = theirs === undefined ? undefined : ticketOf(theirs)
    const request = { ...asked, password: '…', type: 'connect' }
    if (candidate !== undefined) {
      const session = sessions.get(candidate.id) ?? {
        candidate,
        timeoutMs: candidate.timeoutMs,
        oracle,
        heardMs: 0,
        holder: undefined,
        isExpiring: false,
      }
      session.timeoutMs = candidate.timeoutMs
      session.heardMs = clock.monotonic()
      session.holder = this
      sessions.add(session)
      if (oracle !== undefined && session.oracle?.id !== oracle.id) {
        sessions.replaceOracle(session, oracle)
      }
      this.#session = session
    }
    if (theirs === undefined) {
      report.unchecked(false)
    } else if (ours.type === 'reply' && theirs.type === 'reply') {
      report.counts.requests++
      const [a, b] = [ours, theirs].map(({ body }) => decodeConnectResponse(JuteReader.of(body)))
      const fields = compareGreetings(a!, b!)
      if (fields.length > 0) this.#tell({ kind: 'session', request, fields })
    } else {
      report.counts.requests++
      if (ours.type !== theirs.type) {
        this.#tell({ kind: 'session', request, candidate: ours.type, oracle: theirs.type })
      }
    }
    if (candidate !== undefined && oracle === undefined) this.#oracle.destroy()
    if (candidate === undefined && ours.type === 'silent') this.#candidate?.destroy()
  }

  // Requests

  async #exchange(body: Buffer): Promise<void> {
    const candidate = this.#candidate
    if (this.#phase !== 'open' || candidate === undefined || candidate.ended) return
    const asked = decodeAsked(body)
    const { answerTimeoutMs } = this.#host.options
    const isSasl = asked.op === OP.sasl
    if (isSasl) this.#notForOracle()
    const oracle = isSasl ? undefined : await this.#liveOracle(candidate)
    if (candidate.ended) return
    this.#position = ++this.#host.report.position
    if (asked.request !== undefined) this.#events.sending(candidate.replies, asked.request)
    const zxids = this.#host.zxids
    const translated = isSetWatches(asked.op)
      ? withRelativeZxid(body, (zxid) => zxids.toOracle(zxid))
      : body
    const [ours, theirs] = await Promise.all([
      candidate.ask(body, answerTimeoutMs),
      oracle?.ask(translated, answerTimeoutMs),
    ])
    if (isSasl && this.#oracle.upstream !== undefined) this.#oracle.upstream.replies++
    await this.#evaluate(asked, ours, theirs)
    this.#after(asked, body, ours)
    if (ours.type === 'silent') this.#over(false)
  }

  #notForOracle(): void {
    if (this.#usedSasl) return
    this.#usedSasl = true
    this.#host.logger.warn(
      { client: this.#name },
      'sasl goes to the candidate only: what it permits cannot be compared',
    )
  }

  async #evaluate(asked: Asked, ours: Answer, theirs: Answer | undefined): Promise<void> {
    const { report } = this.#host
    if (theirs === undefined) return report.unchecked(asked.isWrite)
    if (ours.type === 'reply' && theirs.type === 'reply') {
      report.counts.requests++
      return this.#compare(asked, ours.body, theirs.body)
    }
    if (theirs.type !== 'reply' && ours.type !== theirs.type) {
      // Is it this request that the oracle does not answer, or is it gone?
      if (theirs.type === 'silent') this.#oracle.destroy()
      const candidateEnds = ours.type === 'closed'
      if (candidateEnds || (await this.#reopenOracle(false)) === undefined) {
        if (!candidateEnds) return report.unchecked(asked.isWrite)
      }
      if (asked.isWrite) report.miss('the outcome of a write')
    }
    report.counts.requests++
    if (ours.type === theirs.type) return
    const why = 'an answer on one side only'
    const [candidate, oracle] = [ours.type, theirs.type]
    this.#tell({ kind: 'reply', why, request: shownAsked(asked), candidate, oracle })
    if (ours.type === 'closed') this.#over(false)
  }

  #compare(asked: Asked, ours: Buffer, theirs: Buffer): void {
    const [candidate, oracle] = [decodeBody(asked.op, ours), decodeBody(asked.op, theirs)]
    let fields: FieldDifference[]
    if (typeof candidate === 'string' || typeof oracle === 'string') {
      fields = [{ field: 'record', candidate, oracle }]
    } else {
      fields = this.#headerZxids(asked, candidate, oracle)
      fields.push(
        ...compareReplies(candidate, oracle, {
          zxid: (pair) => this.#host.zxids.check(pair),
          owner: (pair) => this.#host.sessions.checkOwner(pair),
        }),
      )
      if (asked.request !== undefined) this.#host.reapable.learn(asked.request, candidate)
    }
    if (fields.length === 0) return
    const isReaping =
      asked.request !== undefined && this.#host.reapable.explain(asked.request, fields)
    this.#tell({
      kind: 'reply',
      request: shownAsked(asked),
      fields,
      candidate,
      oracle,
      ...(isReaping ? { suspect: 'a container or TTL znode may be gone on one side already' } : {}),
    })
  }

  /** A write's is its own; any other's only must not go back. */
  #headerZxids(asked: Asked, ours: Reply, theirs: Reply): FieldDifference[] {
    const { zxids } = this.#host
    const pair = { candidate: ours.zxid, oracle: theirs.zxid }
    const why: (string | undefined)[] = []
    if (asked.isWrite) why.push(zxids.learnWrite(pair))
    else if (pair.candidate <= 0 || pair.oracle <= 0) why.push(zxids.check(pair))
    for (const side of ['candidate', 'oracle'] as const) {
      if (pair[side] <= 0) continue
      if (pair[side] < this.#lastZxid[side]) why.push(`went back on the ${side}`)
      this.#lastZxid[side] = pair[side]
    }
    zxids.learnSeen(pair)
    return why.flatMap((text) =>
      text === undefined ? [] : [{ field: 'zxid', ...pair, why: text }],
    )
  }

  #after(asked: Asked, body: Buffer, ours: Answer): void {
    if (ours.type !== 'reply') return
    const reply = decodeBody(asked.op, ours.body)
    if (typeof reply === 'string' || reply.errno !== 0) return
    if (asked.op === OP.auth) this.#oracle.authenticated(body)
    if (asked.op === OP.closeSession && this.#session !== undefined) {
      this.#isClosed = true
      this.#host.sessions.remove(this.#session)
    }
  }

  /** Connected, connected again, or undefined. In a turn. */
  async #liveOracle(candidate: Upstream): Promise<Upstream | undefined> {
    if (this.#oracle.isOpen) return this.#oracle.upstream
    if (this.#oracle.upstream !== undefined) await this.#candidateEnds()
    return candidate.ended ? undefined : this.#reopenOracle(true)
  }

  /** `tell`: that it was lost alone is a difference by itself. */
  async #reopenOracle(tell: boolean): Promise<Upstream | undefined> {
    const session = this.#session
    if (session === undefined) return undefined
    this.#cancelEnd()
    const wasOpen = this.#oracle.upstream !== undefined
    this.#host.report.counts.eventsUnchecked += this.#events.end(false)
    const upstream = await this.#oracle.reopen(session, this.#candidate?.replies ?? 0)
    if (upstream !== undefined && wasOpen && tell) {
      this.#tell({ kind: 'connection', why: 'closed by the oracle only' })
    }
    return upstream
  }

  // What the sides say by themselves

  #forward(frame: Buffer): void {
    if (!this.#isMuted && this.#socket.writable) this.#socket.write(framed(frame))
  }

  #event(side: Side, event: SeenEvent): void {
    if (!this.#oracle.watchesLost) this.#events.arrived(side, event)
    else if (side === 'candidate') this.#host.report.counts.eventsUnchecked++
  }

  #sideEnded(side: Side): void {
    if (this.#phase === 'over') return
    for (const wake of this.#onEnd.splice(0)) wake()
    if (side === 'candidate') this.#socket.end()
    if (this.#candidate?.ended !== false && !this.#oracle.isOpen) return this.#over(true)
    this.#cancelEnd()
    this.#cancelEnd = this.#host.clock.after(this.#host.options.graceMs, () => {
      this.#inTurn(() => this.#endedAlone(side))
    })
  }

  async #endedAlone(side: Side): Promise<void> {
    if (this.#phase === 'over') return
    if (side === 'candidate') {
      this.#tell({ kind: 'connection', why: 'closed by the candidate only' })
      this.#over(false)
    } else if (!this.#oracle.isOpen) {
      await this.#reopenOracle(true)
    }
  }

  /** Until the candidate's connection ends, but not long. */
  #candidateEnds(): Promise<void> {
    if (this.#candidate?.ended !== false) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#host.clock.after(BOTH_END_MS, resolve)
      this.#onEnd.push(() => {
        cancel()
        resolve()
      })
    })
  }

  /** The client has gone, and all it asked is done. Its session stays until it expires. */
  #afterClient(): void {
    if (this.#phase === 'over') return
    const candidate = this.#candidate
    if (candidate === undefined || this.#session === undefined || this.#isClosed) {
      return this.#over(this.#isClosed)
    }
    if (candidate.ended && this.#oracle.isOpen) return
    if (candidate.ended) this.#over(true)
  }

  #over(strict: boolean): void {
    if (this.#phase === 'over') return
    const { report } = this.#host
    const isStrict = strict && !this.#oracle.watchesLost
    const left = this.#events.end(isStrict)
    if (!isStrict) report.counts.eventsUnchecked += left
    this.#phase = 'over'
    this.#cancelEnd()
    this.#candidate?.destroy()
    this.#oracle.destroy()
    this.#socket.destroySoon()
    if (this.#session?.holder === this) this.#session.holder = undefined
    this.#host.removed(this)
  }

  #tell(
    difference: Omit<Difference, 'position' | 'client' | 'session' | 'request'> & {
      readonly request?: object | Request
    },
  ): void {
    const session = this.#session
    const suspect = this.#usedSasl ? 'the oracle was not asked for sasl' : undefined
    this.#host.report.difference({
      position: this.#position,
      client: this.#name,
      session: session && {
        candidate: showId(session.candidate.id),
        oracle: session.oracle === undefined ? 'none' : showId(session.oracle.id),
      },
      ...(suspect === undefined ? {} : { suspect }),
      ...difference,
    })
  }
}

function isPing(body: Buffer): boolean {
  return body.length >= 8 && body.readInt32BE(4) === OP.ping
}

/** The text says why it cannot be read. */
function decodeBody(op: number, body: Buffer): Reply | string {
  try {
    return decodeReply(op, JuteReader.of(body))
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return `unreadable: ${error.message}: ${body.toString('hex', 0, 200)}`
  }
}

function ticketOf(answer: Answer): (SessionTicket & { timeoutMs: number }) | undefined {
  if (answer.type !== 'reply') return undefined
  const { sessionId: id, password, timeoutMs } = decodeConnectResponse(JuteReader.of(answer.body))
  return id === 0n ? undefined : { id, password, timeoutMs }
}
