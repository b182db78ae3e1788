/**
 * One client's connection to the oracle, with the session that stands for the candidate's. It is
 * reconnected after a loss; the candidate's is not, for its client reconnects instead.
 * Neighbours: server-pair, host.
 */
import { bodyOf } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import {
  type ConnectRequest,
  encodeConnectRequest,
} from '../../lib/protocol/record/connect-request.ts'
import { decodeConnectResponse } from '../../lib/protocol/record/connect-response.ts'
import type { CompareHost } from './host.ts'
import type { ComparedSession } from './sessions.ts'
import type { Answer, Upstream, UpstreamHandlers } from './upstream.ts'

export class OracleSide {
  /** The newest connection, which may have ended; undefined: the oracle was unreachable. */
  upstream: Upstream | undefined
  /** The oracle lost this client's watches: events cannot be compared. */
  watchesLost = false
  readonly #host: CompareHost
  readonly #handlers: UpstreamHandlers
  /** The successful auth requests, repeated on a reconnect. */
  readonly #auths: Buffer[] = []

  constructor(host: CompareHost, handlers: UpstreamHandlers) {
    this.#host = host
    this.#handlers = handlers
  }

  get isOpen(): boolean {
    return this.upstream !== undefined && !this.upstream.ended
  }

  /** The first connection for this client. */
  async open(): Promise<Upstream | undefined> {
    const upstream = await this.#host.openOracle()
    this.upstream = upstream
    if (upstream === undefined) this.watchesLost = true
    else upstream.handlers = this.#handlers
    return upstream
  }

  authenticated(body: Buffer): void {
    this.#auths.push(body)
  }

  /**
   * Reconnects, with the same ids, and the same session if the oracle still has it. `replies`: how
   * many the candidate's connection has had.
   */
  async reopen(session: ComparedSession, replies: number): Promise<Upstream | undefined> {
    const lastZxidSeen = this.upstream?.lastZxid ?? 0
    this.watchesLost = true
    const upstream =
      (await this.#resume(session, lastZxidSeen)) ?? (await this.#replace(session, lastZxidSeen))
    this.upstream = upstream
    if (upstream === undefined) return undefined
    for (const body of this.#auths) await upstream.ask(body, this.#host.options.answerTimeoutMs)
    upstream.replies = replies
    upstream.lastZxid = lastZxidSeen
    upstream.handlers = this.#handlers
    return upstream
  }

  destroy(): void {
    this.upstream?.destroy()
  }

  async #resume(session: ComparedSession, lastZxidSeen: number): Promise<Upstream | undefined> {
    if (session.oracle === undefined) return undefined
    const { id: sessionId, password } = session.oracle
    const opened = await this.#greet(session, { lastZxidSeen, sessionId, password })
    return opened?.upstream
  }

  async #replace(session: ComparedSession, lastZxidSeen: number): Promise<Upstream | undefined> {
    const fields = { lastZxidSeen, sessionId: 0n, password: new Uint8Array(16) }
    const opened = await this.#greet(session, fields)
    if (opened === undefined) return undefined
    if (session.oracle !== undefined) this.#host.report.miss('a session')
    this.#host.sessions.replaceOracle(session, opened.ticket)
    return opened.upstream
  }

  async #greet(
    { timeoutMs }: ComparedSession,
    fields: Pick<ConnectRequest, 'lastZxidSeen' | 'sessionId' | 'password'>,
  ): Promise<{ upstream: Upstream; ticket: { id: bigint; password: Uint8Array } } | undefined> {
    const upstream = await this.#host.openOracle()
    if (upstream === undefined) return undefined
    const usual = { protocolVersion: 0, timeoutMs, readOnly: false, hasReadOnly: true }
    const greeting = { ...usual, ...fields }
    const request = bodyOf((writer) => encodeConnectRequest(writer, greeting))
    const answer: Answer = await upstream.ask(request, this.#host.options.connectTimeoutMs)
    if (answer.type === 'reply') {
      const { sessionId: id, password } = decodeConnectResponse(JuteReader.of(answer.body))
      if (id !== 0n) return { upstream, ticket: { id, password } }
    }
    upstream.destroy()
    return undefined
  }
}
