/**
 * The client's sessions on servers: anykeeper's proxies or Apache ZooKeeper. Each attempt goes once around the list, and
 * begins behind the server of the last one. Neighbours: transport, connection, server-list.
 */
import type { Clock, Random } from '../../base/clock.ts'
import { Faults } from '../../base/faults.ts'
import { LimitedLogger } from '../../base/limited-logger.ts'
import { type Logger, silentLogger } from '../../base/log.ts'
import type { ChangeRecord } from '../../model/change.ts'
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { KnownTls } from '../tls-options.ts'
import type {
  ChangesIdentity,
  KnownChangesOptions,
  Link,
  OpenRequest,
  ResumeRequest,
  Transport,
} from '../transport.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { RequestSizes } from './request-sizes.ts'
import type { Server } from './server-list.ts'
import { WireFeed } from './wire-feed.ts'

/** A server has an equal share of the timeout to answer the handshake in, and so much at least. Unit ms. */
const CONNECT_MS_MIN = 500

export interface WireTransportOptions {
  readonly servers: readonly Server[]
  /** undefined: without TLS. */
  readonly tls: KnownTls | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly canBeReadOnly: boolean
  /** Longest reply body accepted. Unit bytes. */
  readonly replyBytesMax: number
}

export class WireTransport implements Transport {
  readonly pausesMs = { first: 0, least: 100, most: 1_000 }
  readonly isClosed = false
  readonly isReady = true
  readonly clock: Clock
  readonly logger: Logger
  readonly #faults: Faults
  readonly #sizes: RequestSizes
  readonly #options: WireTransportOptions
  /** In an order of this client's own, so that clients spread over the servers. */
  readonly #servers: readonly Server[]
  #next = 0

  constructor(options: WireTransportOptions) {
    this.#options = options
    const { clock, logger } = options
    // Without a limit: for what a logger throws.
    this.logger = new LimitedLogger({ logger, clock, linesPerMinuteMax: 0 })
    this.#faults = new Faults(this.logger, logger !== silentLogger)
    this.clock = this.#faults.guardedClock(clock)
    this.#sizes = new RequestSizes(clock)
    this.#servers = shuffled(options.servers, options.random)
  }

  async open(request: OpenRequest): Promise<Link> {
    return this.#open(request)
  }

  async #open(request: OpenRequest): Promise<Connection> {
    const link = await this.#connect(request, undefined, 0)
    // A server that answers a new session with "expired" is not one.
    if (link === undefined) throw new ZnodeError(ZK_ERRORS.CONNECTION_LOSS.errno)
    return link
  }

  resume(request: ResumeRequest): Promise<Link | undefined> {
    return this.#connect(request, request, request.lastZxid)
  }

  changes(options: KnownChangesOptions, identity: ChangesIdentity): AsyncIterable<ChangeRecord> {
    const { clock, logger, pausesMs } = this
    const connect = (request: OpenRequest) => this.#open(request)
    const servers = { clock, logger, pausesMs, serverCount: this.#servers.length, connect }
    return new WireFeed(servers, options, identity).records()
  }

  async close(): Promise<void> {}

  async #connect(
    request: OpenRequest,
    known: ConnectionOptions['known'],
    lastZxid: number,
  ): Promise<Connection | undefined> {
    const { tls, canBeReadOnly, replyBytesMax } = this.#options
    const { timeoutMs, requestBytesMax, sink, signal } = request
    const connectMs = Math.max(timeoutMs / this.#servers.length, CONNECT_MS_MIN)
    let failure: unknown
    for (const _server of this.#servers) {
      signal?.throwIfAborted()
      const server = this.#servers[this.#next] as Server
      this.#next = (this.#next + 1) % this.#servers.length
      try {
        return await Connection.open({
          clock: this.clock,
          faults: this.#faults,
          sizes: this.#sizes,
          server,
          tls,
          sink,
          known,
          timeoutMs,
          connectMs,
          lastZxid,
          canBeReadOnly,
          requestBytesMax,
          replyBytesMax,
          signal,
        })
      } catch (error) {
        failure = error
      }
    }
    signal?.throwIfAborted()
    throw failure
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random.fraction() * (i + 1))
    const item = order[i] as T
    order[i] = order[j] as T
    order[j] = item
  }
  return order
}
