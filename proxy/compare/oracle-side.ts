/**
 * The oracle's half of a link: opened with the session that belongs to the candidate's, opened again
 * when it was lost. The other half needs none of this: without it there is no client.
 * Neighbours: link, host.
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
  /** The newest connection, which may have ended; undefined: it could not be reached. */
  upstream: Upstream | undefined
  /** The watches are not those of the candidate's connection: events cannot be compared. */
  watchesLost = false
  readonly #host: CompareHost
  readonly #handlers: UpstreamHandlers
  /** The requests that gave the connection its ids. */
  readonly #auths: Buffer[] = []

  constructor(host: CompareHost, handlers: UpstreamHandlers) {
    this.#host = host
    this.#handlers = handlers
  }

  get isOpen(): boolean {
    return this.upstream !== undefined && !this.upstream.ended
  }

  /** First connection of a link. */
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
   * A new connection after one was lost, with the same session if the oracle still has it, and the
   * same ids. `replies` is where the candidate's connection stands.
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
    const asked = { lastZxidSeen, sessionId: 0n, password: new Uint8Array(16) }
    const opened = await this.#greet(session, asked)
    if (opened === undefined) return undefined
    if (session.oracle !== undefined) this.#host.report.miss('a session')
    this.#host.sessions.replaceOracle(session, opened.ticket)
    return opened.upstream
  }

  async #greet(
    { timeoutMs }: ComparedSession,
    asked: Pick<ConnectRequest, 'lastZxidSeen' | 'sessionId' | 'password'>,
  ): Promise<{ upstream: Upstream; ticket: { id: bigint; password: Uint8Array } } | undefined> {
    const upstream = await this.#host.openOracle()
    if (upstream === undefined) return undefined
    const greeting = { protocolVersion: 0, timeoutMs, readOnly: false, hasReadOnly: true }
    const request = bodyOf((writer) => encodeConnectRequest(writer, { ...greeting, ...asked }))
    const answer: Answer = await upstream.ask(request, this.#host.options.connectTimeoutMs)
    if (answer.type === 'reply') {
      const { sessionId: id, password } = decodeConnectResponse(JuteReader.of(answer.body))
      if (id !== 0n) return { upstream, ticket: { id, password } }
    }
    upstream.destroy()
    return undefined
  }
}
