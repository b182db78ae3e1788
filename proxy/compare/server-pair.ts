/**
 * One client's connections to both sides: the handshake, then one request at a time to both, the
 * watch events of both, and their ends. Neighbours: link, oracle-side, upstream, event-matcher,
 * handshake, reply-comparison.
 */
import { OP } from '../../lib/internal.ts'
import { bodyOf } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import {
  type ConnectRequest,
  decodeConnectRequest,
  encodeConnectRequest,
} from '../../lib/protocol/record/connect-request.ts'
import { encodeRequest } from '../../lib/protocol/wire/encode-request.ts'
import { XID } from '../../lib/protocol/wire/opcodes.ts'
import { type Asked, decodeAsked, isSetWatches, shownAsked, withRelativeZxid } from './asked.ts'
import { EventMatcher, type Side } from './event-matcher.ts'
import { compareHandshakes, connectForOracle, ticketOf } from './handshake.ts'
import type { CompareHost } from './host.ts'
import { OracleSide } from './oracle-side.ts'
import { decodeBody, ReplyComparison } from './reply-comparison.ts'
import type { PlainDifference } from './report.ts'
import type { ComparedSession, SessionHolder } from './sessions.ts'
import { showId } from './show.ts'
import type { Answer, SeenEvent, Upstream } from './upstream.ts'

export interface ServerPairOptions {
  readonly host: CompareHost
  readonly client: string
  /** Owner of the session that is opened. */
  readonly holder: SessionHolder
  /** A frame for the client, from the candidate. */
  onFrame(frame: Buffer): void
  onCandidateEnd(): void
  /** Once, when both connections have ended. */
  onOver(): void
  inTurn(task: () => Promise<void>): void
}

/** When one side ends a connection, the other often does so within milliseconds. */
const BOTH_END_MS = 250

const PING = bodyOf((writer) => encodeRequest(writer, XID.ping, OP.ping, undefined))

export class ServerPair {
  readonly #options: ServerPairOptions
  readonly #host: CompareHost
  readonly #events: EventMatcher
  readonly #replies: ReplyComparison
  readonly #oracle: OracleSide
  #candidate: Upstream | undefined
  #session: ComparedSession | undefined
  #position = 0
  #usedSasl = false
  #isClosed = false
  #isOver = false
  #cancelEnd = () => {}
  #onEnd: (() => void)[] = []

  constructor(options: ServerPairOptions) {
    const { host } = options
    this.#options = options
    this.#host = host
    this.#replies = new ReplyComparison(host)
    this.#events = new EventMatcher({
      clock: host.clock,
      graceMs: host.options.graceMs,
      onMatched: () => {
        host.report.counts.events++
      },
      onDifference: (difference) => this.#report({ kind: 'event', ...difference }),
    })
    this.#oracle = new OracleSide(host, {
      onEvent: (event) => this.#event('oracle', event),
      onEnd: () => this.#sideEnded('oracle'),
    })
  }

  get session(): ComparedSession | undefined {
    return this.#session
  }

  /** The session was closed, by the client or because it expired. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Events that wait for their equal. */
  get eventsWaiting(): number {
    return this.#events.waiting
  }

  /** Out of turn: a slow request of another client must not expire this session. */
  ping(body: Buffer): void {
    this.#candidate?.ping(body, true)
    this.#oracle.upstream?.ping(body, false)
  }

  keepAlive(sinceMs: number): void {
    for (const upstream of [this.#candidate, this.#oracle.upstream]) {
      if (upstream !== undefined && upstream.sentMs < sinceMs) upstream.ping(PING, false)
    }
  }

  /** The client has disconnected, its requests are done. Its session stays until it expires. */
  clientGone(): void {
    const candidate = this.#candidate
    if (candidate === undefined || this.#session === undefined || this.#isClosed) {
      return this.end(this.#isClosed)
    }
    if (candidate.ended && this.#oracle.isOpen) return
    if (candidate.ended) this.end(true)
  }

  /** A side's answer was unreadable. */
  abandon(error: unknown): void {
    this.#report({ kind: 'connection', why: `abandoned: ${String(error)}` })
    this.end(false)
  }

  /** `strict`: events without their equal are differences; otherwise they count as unchecked. */
  end(strict: boolean): void {
    if (this.#isOver) return
    const { report } = this.#host
    const isStrict = strict && !this.#oracle.watchesLost
    const left = this.#events.end(isStrict)
    if (!isStrict) report.counts.eventsUnchecked += left
    this.#isOver = true
    this.#cancelEnd()
    this.#candidate?.destroy()
    this.#oracle.destroy()
    if (this.#session?.holder === this.#options.holder) this.#session.holder = undefined
    this.#options.onOver()
  }

  // The handshake

  async open(body: Buffer): Promise<void> {
    let asked: ConnectRequest
    try {
      asked = decodeConnectRequest(JuteReader.of(body))
    } catch {
      return this.end(false)
    }
    const { host, known } = { host: this.#host, known: this.#host.sessions.get(asked.sessionId) }
    if (known?.holder?.isLingering) known.holder.drop()
    try {
      this.#candidate = await host.openCandidate()
    } catch (error) {
      host.logger.warn({ err: error, client: this.#options.client }, 'candidate not reachable')
      return this.end(false)
    }
    this.#candidate.handlers = {
      onFrame: (frame) => this.#options.onFrame(frame),
      onEvent: (event) => this.#event('candidate', event),
      onEnd: () => this.#sideEnded('candidate'),
    }
    const oracle = await this.#oracle.open()
    this.#position = ++host.report.position
    const { answerTimeoutMs } = host.options
    const forOracle = connectForOracle(host, asked, known)
    const translated = bodyOf((writer) => encodeConnectRequest(writer, forOracle))
    const [ours, theirs] = await Promise.all([
      this.#candidate.ask(body, answerTimeoutMs),
      oracle?.ask(translated, answerTimeoutMs),
    ])
    this.#opened(asked, ours, theirs)
  }

  #opened(asked: ConnectRequest, ours: Answer, theirs: Answer | undefined): void {
    const { report } = this.#host
    const candidate = ticketOf(ours)
    const oracle = theirs === undefined ? undefined : ticketOf(theirs)
    if (candidate !== undefined) {
      const { holder } = this.#options
      const nowMs = this.#host.clock.monotonic()
      this.#session = this.#host.sessions.granted({ candidate, oracle, holder, nowMs })
    }
    if (theirs === undefined) report.unchecked(false)
    else {
      report.counts.requests++
      this.#report(compareHandshakes(asked, ours, theirs))
    }
    if (candidate !== undefined && oracle === undefined) this.#oracle.destroy()
    if (candidate === undefined && ours.type === 'silent') this.#candidate?.destroy()
  }

  // Requests

  async exchange(body: Buffer): Promise<void> {
    const candidate = this.#candidate
    if (this.#isOver || candidate === undefined || candidate.ended) return
    const asked = decodeAsked(body)
    const { answerTimeoutMs } = this.#host.options
    const isSasl = asked.op === OP.sasl
    if (isSasl) this.#warnOfSasl()
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
    if (ours.type === 'silent') this.end(false)
  }

  #warnOfSasl(): void {
    if (this.#usedSasl) return
    this.#usedSasl = true
    this.#host.logger.warn(
      { client: this.#options.client },
      'SASL goes to the candidate only: its effect on later replies cannot be compared',
    )
  }

  async #evaluate(asked: Asked, ours: Answer, theirs: Answer | undefined): Promise<void> {
    const { report } = this.#host
    if (theirs === undefined) return report.unchecked(asked.isWrite)
    if (ours.type === 'reply' && theirs.type === 'reply') {
      report.counts.requests++
      return this.#report(this.#replies.compare(asked, ours.body, theirs.body))
    }
    if (theirs.type !== 'reply' && ours.type !== theirs.type) {
      // Does the oracle fail on this request, or is it unreachable?
      if (theirs.type === 'silent') this.#oracle.destroy()
      const candidateEnds = ours.type === 'closed'
      if (candidateEnds || (await this.#reopenOracle(false)) === undefined) {
        if (!candidateEnds) return report.unchecked(asked.isWrite)
      }
      if (asked.isWrite) report.miss('the outcome of a write')
    }
    report.counts.requests++
    if (ours.type === theirs.type) return
    const why = 'a reply from one side only'
    const [candidate, oracle] = [ours.type, theirs.type]
    this.#report({ kind: 'reply', why, request: shownAsked(asked), candidate, oracle })
    if (ours.type === 'closed') this.end(false)
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

  /** The oracle's connection, reconnected if needed; undefined: unreachable. In a turn. */
  async #liveOracle(candidate: Upstream): Promise<Upstream | undefined> {
    if (this.#oracle.isOpen) return this.#oracle.upstream
    if (this.#oracle.upstream !== undefined) await this.#candidateEnds()
    return candidate.ended ? undefined : this.#reopenOracle(true)
  }

  /** `isDifference`: the oracle closed the connection, and the candidate did not. */
  async #reopenOracle(isDifference: boolean): Promise<Upstream | undefined> {
    const session = this.#session
    if (session === undefined) return undefined
    this.#cancelEnd()
    const wasOpen = this.#oracle.upstream !== undefined
    this.#host.report.counts.eventsUnchecked += this.#events.end(false)
    const upstream = await this.#oracle.reopen(session, this.#candidate?.replies ?? 0)
    if (upstream !== undefined && wasOpen && isDifference) {
      this.#report({ kind: 'connection', why: 'closed by the oracle only' })
    }
    return upstream
  }

  // Events, and ends of connections

  #event(side: Side, event: SeenEvent): void {
    if (!this.#oracle.watchesLost) this.#events.arrived(side, event)
    else if (side === 'candidate') this.#host.report.counts.eventsUnchecked++
  }

  #sideEnded(side: Side): void {
    if (this.#isOver) return
    for (const wake of this.#onEnd.splice(0)) wake()
    if (side === 'candidate') this.#options.onCandidateEnd()
    if (this.#candidate?.ended !== false && !this.#oracle.isOpen) return this.end(true)
    this.#cancelEnd()
    this.#cancelEnd = this.#host.clock.after(this.#host.options.graceMs, () => {
      this.#options.inTurn(() => this.#endedAlone(side))
    })
  }

  async #endedAlone(side: Side): Promise<void> {
    if (this.#isOver) return
    if (side === 'candidate') {
      this.#report({ kind: 'connection', why: 'closed by the candidate only' })
      this.end(false)
    } else if (!this.#oracle.isOpen) {
      await this.#reopenOracle(true)
    }
  }

  /** Waits for the end of the candidate's connection, for at most `BOTH_END_MS`. */
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

  #report(difference: PlainDifference | undefined): void {
    if (difference === undefined) return
    const session = this.#session
    const suspect = this.#usedSasl ? 'SASL went to the candidate only' : undefined
    this.#host.report.difference({
      position: this.#position,
      client: this.#options.client,
      session: session && {
        candidate: showId(session.candidate.id),
        oracle: session.oracle === undefined ? 'none' : showId(session.oracle.id),
      },
      ...(suspect === undefined ? {} : { suspect }),
      ...difference,
    })
  }
}
