/**
 * The admin port: health, metrics, ZooKeeper's commands and the JSON API. It listens before the tree is loaded, so that a start that
 * takes long can be watched. Neighbours: cli (puts it together), http-listener, readiness, the routes.
 */
import { createServer } from 'node:http'
import {
  type Clock,
  checkNames,
  DIGEST_ALGORITHM_DEFAULT,
  Faults,
  LimitedLogger,
  type Logger,
  silentLogger,
  systemClock,
} from '../../../lib/internal.ts'
import { GUESS_BOUNDS_DEFAULT, Guesses } from '../../auth/guesses.ts'
import type { ProxyHost } from '../../host.ts'
import { TlsError } from '../../tls/options.ts'
import { pageRoutes } from '../page/page-routes.ts'
import { AdminTls } from './admin-tls.ts'
import { apiRoutes } from './api/api-routes.ts'
import type { SearchBound } from './api/search-route.ts'
import type { DeleteBound } from './api/subtree-routes.ts'
import { commandRoutes } from './commands/command-routes.ts'
import { Guard } from './guard.ts'
import { healthRoutes } from './health-routes.ts'
import { HttpListener } from './http-listener.ts'
import type { AdminOptions } from './options.ts'
import { Readiness } from './readiness.ts'
import { type Route, Router } from './router.ts'
import { Slots } from './slots.ts'

/** Options of an admin port that names none of its own. */
export const ADMIN_DEFAULT: AdminOptions = {
  host: '127.0.0.1',
  port: 8080,
  commandUrl: '/commands',
  connectionsMax: 128,
  requestTimeoutMs: 10_000,
  storeTimeoutMs: 10_000,
  idleTimeoutMs: 30_000,
  headerBytesMax: 16_384,
  bodyBytesMax: 65_536,
  feedsMax: 16,
  editsMax: 8,
  deletesMax: 1_000,
  searchesMax: 4,
  searchNamesMax: 100_000,
  canEdit: false,
  superDigests: () => [],
  digestAlgorithm: DIGEST_ALGORITHM_DEFAULT,
  token: () => undefined,
  guessBounds: () => GUESS_BOUNDS_DEFAULT,
  hostNames: [],
  tls: undefined,
  createServer,
  logLevel: undefined,
}

const EDITS_FULL = 'changes are being carried out (--admin-max-edits). Nothing was changed.'
/** Of one kind in a minute, as the keeper's. */
const LOG_LINES_MAX = 10

/** @throws {TypeError} an option is not known */
function knownOptions(options: Partial<AdminOptions>): AdminOptions {
  checkNames(options, Object.keys(ADMIN_DEFAULT))
  return { ...ADMIN_DEFAULT, ...options }
}

type Metrics = import('./metrics/metrics-registry.ts').MetricsRegistry

/** Answers HTTP for a server, from before there is one. */
export class AdminServer {
  readonly #options: AdminOptions
  readonly #logger: LimitedLogger
  readonly #readiness: Readiness
  readonly #tls: AdminTls | undefined
  readonly #guesses: Guesses
  readonly #guard: Guard
  readonly #slots: Slots
  readonly #editSlots: Slots
  readonly #deletes: DeleteBound
  readonly #search: SearchBound
  readonly #listeners: HttpListener[] = []
  #metrics: Metrics | undefined
  #host: ProxyHost | undefined

  private constructor(options: AdminOptions, logger: Logger, given: Clock) {
    this.#options = options
    this.#logger = new LimitedLogger({ logger, clock: given, linesPerMinuteMax: LOG_LINES_MAX })
    const clock = new Faults(this.#logger).guardedClock(given)
    const { tls } = options
    if (tls !== undefined) this.#tls = new AdminTls(tls, clock, this.#logger)
    this.#readiness = new Readiness(clock, this.#logger)
    this.#guesses = new Guesses(options.guessBounds, () => clock.monotonic())
    this.#guard = new Guard(options, this.#logger, this.#guesses)
    this.#slots = new Slots(options.feedsMax, 'change feeds are open (--admin-max-feeds).')
    this.#editSlots = new Slots(options.editsMax, EDITS_FULL)
    this.#deletes = { max: options.deletesMax, refused: 0 }
    const slots = new Slots(options.searchesMax, 'searches are running (--admin-max-searches).')
    this.#search = { lookedMax: options.searchNamesMax, cut: 0, slots }
  }

  /**
   * Resolves when requests are answered.
   * @throws {TypeError} an option is not known
   * @throws {Error} the port is not available
   * @throws {TlsError} certificates or keys cannot be used
   */
  static async listen(
    options: Partial<AdminOptions> = {},
    logger: Logger = silentLogger,
    clock: Clock = systemClock,
  ): Promise<AdminServer> {
    const admin = new AdminServer(knownOptions(options), logger, clock)
    try {
      await admin.#open(admin.#options, admin.#routes())
    } catch (error) {
      admin.#readiness.stop()
      admin.#tls?.close()
      throw error
    }
    return admin
  }

  /** No port but those of {@link listenForMetrics}. @throws {TypeError} an option is not known */
  static closed(
    options: Partial<AdminOptions> = {},
    logger: Logger = silentLogger,
    clock: Clock = systemClock,
  ): AdminServer {
    return new AdminServer(knownOptions(options), logger, clock)
  }

  /** Where it listens; 0: nowhere. */
  get port(): number {
    return this.#listeners[0]?.port ?? 0
  }

  /**
   * One more port, for /metrics alone (metricsProvider.httpPort).
   * @returns where it listens
   * @throws {Error} the port is not available
   */
  async listenForMetrics(host: string, port: number): Promise<number> {
    const { port: own } = await this.#open({ ...this.#options, host, port }, this.#metricsRoutes())
    return own
  }

  /** What is being done before there is a server, as a sentence: /readyz says it. */
  loading(sentence: string): void {
    this.#readiness.loading(sentence)
  }

  /** Here is the server. */
  async attach(host: ProxyHost): Promise<void> {
    const metrics = await this.#loadMetrics()
    metrics.attach(host)
    this.#host = host
    this.#readiness.attach(host.keeper)
  }

  /** From now on /readyz says that clients should be sent elsewhere; those that are here are served. */
  drain(reason: string): void {
    this.#readiness.drain(reason)
  }

  /**
   * Reads the certificates again, also where their files are not watched. Resolves to a sentence that says what has become
   * of it.
   * @throws {TlsError} there is no TLS here, or the files cannot be used: the certificates before stay in use
   */
  async reloadCertificates(): Promise<string> {
    if (this.#tls === undefined)
      throw new TlsError('the admin port has no TLS: there are no certificates')
    return `admin port: ${await this.#tls.keyStore.reload()}`
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    this.#readiness.stop()
    this.#tls?.close()
    this.#logger.flush()
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }

  async #open(options: AdminOptions, routes: readonly Route[]): Promise<HttpListener> {
    const listener = await HttpListener.listen(
      { ...options, ...(this.#tls && { createServer: this.#tls.createServer }) },
      new Router().add(...routes),
      this.#logger,
    )
    this.#listeners.push(listener)
    return listener
  }

  #routes(): readonly Route[] {
    const { commandUrl, bodyBytesMax, logLevel, canEdit } = this.#options
    const guard = this.#guard
    const host = () => this.#host
    return [
      ...healthRoutes(this.#readiness),
      ...this.#metricsRoutes(),
      ...commandRoutes({ url: commandUrl, bodyBytesMax, guard, host }),
      ...apiRoutes({
        ...{ guard, bodyBytesMax, logLevel, host, canEdit },
        ...{ slots: this.#slots, editSlots: this.#editSlots, deletes: this.#deletes },
        ...{ search: this.#search, readiness: this.#readiness },
      }),
      ...pageRoutes(guard),
    ]
  }

  #metricsRoutes(): readonly Route[] {
    return [
      {
        method: 'GET',
        path: '/metrics',
        handle: async (call) => {
          const metrics = await this.#loadMetrics()
          call.send(200, metrics.contentType, await metrics.text())
        },
      },
    ]
  }

  /** prom-client is loaded when it is needed: a server without this port starts without it. */
  async #loadMetrics(): Promise<Metrics> {
    const { MetricsRegistry } = await import('./metrics/metrics-registry.ts')
    const sum = (read: (listener: HttpListener) => number) => () =>
      this.#listeners.reduce((total, listener) => total + read(listener), 0)
    this.#metrics ??= new MetricsRegistry({
      anykeeper_ready: () => (this.#readiness.isReady ? 1 : 0),
      anykeeper_readiness_losses: () => this.#readiness.losses,
      anykeeper_admin_requests: sum(({ requests }) => requests),
      anykeeper_admin_connections_refused: sum(({ connectionsRefused }) => connectionsRefused),
      anykeeper_admin_request_timeouts: sum(({ ended }) => ended.late),
      anykeeper_admin_idle_closed: sum(({ ended }) => ended.idle),
      anykeeper_admin_headers_too_long: sum(({ ended }) => ended.longHeads),
      anykeeper_admin_bodies_too_long: sum(({ ended }) => ended.longBodies),
      anykeeper_admin_store_timeouts: sum(({ storeWait }) => storeWait.late),
      anykeeper_admin_refused: () => this.#guard.refused,
      anykeeper_admin_throttled: () => this.#guesses.throttled,
      anykeeper_admin_tls_handshakes_failed: () => this.#tls?.handshakesFailed,
      anykeeper_admin_tls_certificate_expires_seconds: () => this.#tls?.keyStore.expiresInSeconds,
      anykeeper_admin_feeds: () => this.#slots.open,
      anykeeper_admin_feeds_refused: () => this.#slots.refused,
      anykeeper_admin_edits: () => this.#editSlots.open,
      anykeeper_admin_edits_refused: () => this.#editSlots.refused,
      anykeeper_admin_deletes_refused: () => this.#deletes.refused,
      anykeeper_admin_searches: () => this.#search.slots.open,
      anykeeper_admin_searches_refused: () => this.#search.slots.refused,
      anykeeper_admin_searches_cut: () => this.#search.cut,
    })
    return this.#metrics
  }
}
