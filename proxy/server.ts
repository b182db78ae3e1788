/**
 * Listens, accepts up to its limits, flushes connections once a tick, drains on stop.
 * Neighbours: connection (one per client), outbox, admin/four-letter-words.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { type AuthId, checkNames, type Keeper, type Logger, optionNames } from '../lib/internal.ts'
import { ChunkPool } from '../lib/protocol/jute/chunk-pool.ts'
import { OwnCounts } from './admin/counts.ts'
import { Descriptors } from './admin/descriptors.ts'
import { answerFourLetterWord, WORDS, WORDS_DEFAULT } from './admin/four-letter-words.ts'
import { Listings } from './admin/listings.ts'
import { LoopDelay } from './admin/loop-delay.ts'
import { metricLines, metrics } from './admin/metrics.ts'
import { type ProcessReport, sumReports, type WorkerMetrics } from './admin/process-report.ts'
import type { Metric } from './admin/sum-metrics.ts'
import { Admission, addressOf } from './admission.ts'
import { GUESS_BOUNDS_DEFAULT, Guesses } from './auth/guesses.ts'
import { ByteBudget } from './byte-budget.ts'
import { Connection } from './connection.ts'
import { FairTurns } from './fair-turns.ts'
import type {
  ClientConnection,
  Flushable,
  ProxyHost,
  ProxyOptions,
  Reconfigurable,
} from './host.ts'
import { listenOn } from './listen-on.ts'
import { ServerStats } from './stats.ts'
import { TlsError } from './tls/options.ts'
import { SecureDoor } from './tls/secure-door.ts'

/** Output memory kept for reuse, bytes. The garbage collector gets the rest. */
const OUTPUT_KEPT_BYTES_MAX = 16 * 1024 * 1024

const BUSY = 'Other long answers are being sent: try again later.\n'

/** Options of a proxy that names none of its own. */
export const PROXY_DEFAULT: ProxyOptions = {
  host: '127.0.0.1',
  port: 2181,
  frameBytesMax: 0xfffff,
  greetingTimeoutMs: 10_000,
  listingsWaitingMax: 16,
  listingUnreadMs: 10_000,
  outstandingMax: 1_000,
  outstandingBytesMax: 2 * 1024 * 1024,
  requestBytesMax: 128 * 1024 * 1024,
  outputBytesMax: 64 * 1024 * 1024,
  replyBytesMax: 512 * 1024 * 1024,
  sliceMs: 2,
  turnMs: 4,
  identitiesMax: 1_000,
  ...GUESS_BOUNDS_DEFAULT,
  connectionsMax: 20_000,
  connectionsPerAddressMax: 0,
  fourLetterWords: WORDS_DEFAULT,
  storeName: 'the store',
  memory: undefined,
  saslUsers: new Map(),
  saslSuperUsers: [],
  anySaslUser: undefined,
  allowSaslFailedClients: false,
  enforcedSchemes: [],
  authProviders: undefined,
  audit: undefined,
  log: undefined,
  worker: 0,
  secure: undefined,
  workerMetrics: undefined,
}

const RECONFIGURABLE = optionNames<Pick<ProxyOptions, Reconfigurable>>({
  connectionsMax: true,
  connectionsPerAddressMax: true,
  greetingTimeoutMs: true,
  identitiesMax: true,
  authFailuresMax: true,
  authFailureAddressesMax: true,
  outputBytesMax: true,
  fourLetterWords: true,
  saslUsers: true,
  saslSuperUsers: true,
})

/** @throws {TypeError} an option is not known */
function knownOptions(options: Partial<ProxyOptions>): ProxyOptions {
  checkNames(options, Object.keys(PROXY_DEFAULT))
  return { ...PROXY_DEFAULT, ...options }
}

/** Serves a keeper over ZooKeeper’s wire protocol. */
export class ProxyServer implements ProxyHost {
  readonly keeper: Keeper
  readonly logger: Logger
  readonly stats = new ServerStats()
  readonly startedMs = Date.now()
  readonly connections = new Set<ClientConnection>()
  readonly outputChunks = new ChunkPool(OUTPUT_KEPT_BYTES_MAX)
  readonly turns: FairTurns
  readonly requestBytes: ByteBudget
  readonly replyBytes: ByteBudget
  readonly guesses: Guesses
  readonly listings: Listings
  readonly descriptors: Descriptors
  readonly loopDelay: LoopDelay
  readonly door: SecureDoor | undefined
  readonly #counts: OwnCounts
  readonly #admission = new Admission()
  /** Their handshake has not come to an end. */
  readonly #arrived = new Set<Socket>()
  readonly #server: Server
  readonly #secureServer: Server
  #options: ProxyOptions
  #toFlush: Flushable[] = []
  #port = 0
  #securePort = -1

  private constructor(keeper: Keeper, options: ProxyOptions, logger: Logger) {
    this.keeper = keeper
    this.#options = options
    this.logger = logger
    if (options.audit !== undefined) keeper.witness = options.audit
    const now = () => keeper.clock.monotonic()
    this.turns = new FairTurns({ now, turnMs: options.turnMs })
    this.guesses = new Guesses(() => this.#options, now)
    this.listings = new Listings(keeper.clock, options, keeper.faults)
    this.descriptors = new Descriptors(keeper.clock, logger)
    this.loopDelay = new LoopDelay(keeper.clock)
    this.#counts = new OwnCounts(keeper, this.stats)
    this.requestBytes = new ByteBudget(options.requestBytesMax)
    this.replyBytes = new ByteBudget(options.replyBytesMax)
    const { secure, greetingTimeoutMs } = options
    if (secure !== undefined) {
      this.door = new SecureDoor({
        ...{ secure, logger, greetingTimeoutMs },
        ...{ clock: keeper.clock, faults: keeper.faults },
        stats: this.stats,
        onSecure: (socket, raw, ids) => this.#comeIn(socket, raw, ids),
        onPlain: (socket) => this.#comeIn(socket, socket, []),
      })
    }
    const forBoth = this.door?.secure.onPlainPort === true
    const sockets = { noDelay: true, allowHalfOpen: false }
    this.#server = createServer(sockets, (socket) => {
      if (forBoth) this.#begin(socket, () => this.#arrive(socket, true))
      else this.accept(socket)
    })
    this.#secureServer = createServer(sockets, (socket) =>
      this.#begin(socket, () => this.#arrive(socket, false)),
    )
  }

  /** A server without a port: clients reach it by {@link accept} only. @throws {TypeError} an option is not known */
  static unbound(
    keeper: Keeper,
    options: Partial<ProxyOptions> = {},
    logger: Logger = keeper.logger,
  ): ProxyServer {
    return new ProxyServer(keeper, knownOptions(options), logger)
  }

  /**
   * Resolves when clients are accepted.
   * @throws {TypeError} an option is not known
   * @throws {Error} a port is not available
   * @throws {TlsError} certificates, keys or options of TLS cannot be used
   */
  static async listen(
    keeper: Keeper,
    options: Partial<ProxyOptions> = {},
    logger: Logger = keeper.logger,
  ): Promise<ProxyServer> {
    const proxy = new ProxyServer(keeper, knownOptions(options), logger)
    await proxy.#listen()
    return proxy
  }

  async #listen(): Promise<void> {
    const { host, port } = this.options
    const onAcceptFailed = (error: Error): void => {
      this.stats.acceptsFailed++
      this.logger.error({ err: error }, 'accept failed')
    }
    try {
      this.#port = await listenOn(this.#server, { host, port }, onAcceptFailed)
      const { host: secureHost = host, port: securePort } = this.door?.secure ?? {}
      if (securePort !== undefined) {
        const address = { host: secureHost, port: securePort }
        this.#securePort = await listenOn(this.#secureServer, address, onAcceptFailed)
      }
    } catch (error) {
      this.door?.close()
      this.#server.close()
      throw error
    }
    this.loopDelay.start()
    this.#counts.start()
    this.descriptors.start()
  }

  get port(): number {
    return this.#port
  }

  get securePort(): number {
    return this.#securePort
  }

  /**
   * Reads the certificates again, also where their files are not watched. Resolves to a sentence that says what has become
   * of it.
   * @throws {TlsError} there is no TLS here, or the files cannot be used: the certificates before stay in use
   */
  async reloadCertificates(): Promise<string> {
    if (this.door === undefined) throw new TlsError('TLS is not set up: there are no certificates')
    return this.door.keyStore.reload()
  }

  get options(): ProxyOptions {
    return this.#options
  }

  /**
   * Takes other values while it serves. They hold for what happens from now on: connections that are open stay open, and
   * clients that are authenticated stay so.
   * @throws {TypeError} an option is not known, or does not change
   */
  reconfigure(options: Partial<Pick<ProxyOptions, Reconfigurable>>): void {
    checkNames(options, RECONFIGURABLE)
    this.#options = { ...this.#options, ...options }
  }

  /** Serves the client of this connection, up to the limits on their number. `proven`: its ids besides its address. */
  accept(socket: Socket, proven: readonly AuthId[] = []): void {
    this.#begin(socket, () => this.#accept(socket, proven))
  }

  /** A fault of ours ends what has begun, and no other client is harmed. */
  #begin(socket: Socket, run: () => void): void {
    this.keeper.faults.run('the arrival of a client', run, () => socket.destroy())
  }

  #accept(socket: Socket, proven: readonly AuthId[]): void {
    const connection = new Connection(this, socket, proven)
    this.connections.add(connection)
    if (this.#isBeyondLimits(connection.address, connection.name)) connection.close()
    else this.stats.connectionsAccepted++
  }

  /** Whether the client speaks TLS is not known yet, or its handshake comes first. It counts from now on. */
  #arrive(socket: Socket, plainAllowed: boolean): void {
    const address = addressOf(socket)
    if (this.#isBeyondLimits(address, `${address}:${socket.remotePort ?? 0}`)) {
      this.#admission.remove(address)
      socket.destroy()
      return
    }
    this.#arrived.add(socket)
    socket.once('close', () => this.#left(socket, address))
    this.door?.accept(socket, plainAllowed)
  }

  #left(socket: Socket, address: string): void {
    if (this.#arrived.delete(socket)) this.#admission.remove(address)
  }

  #comeIn(socket: Socket, raw: Socket, proven: readonly AuthId[]): void {
    this.#left(raw, addressOf(raw))
    this.accept(socket, proven)
    if (!socket.destroyed) socket.resume()
  }

  /** Counts it, too. */
  #isBeyondLimits(address: string, client: string): boolean {
    const ofAddress = this.#admission.add(address)
    const { connectionsMax, connectionsPerAddressMax } = this.options
    const isBeyond =
      this.#admission.count > connectionsMax ||
      (connectionsPerAddressMax > 0 && ofAddress > connectionsPerAddressMax)
    if (!isBeyond) return false
    this.stats.connectionsRejected++
    this.logger.warn({ client }, 'too many connections: client disconnected')
    return true
  }

  /**
   * Stops accepting and reading, answers requests in flight (for at most `drainMs`), then disconnects
   * every client. Sessions stay, so that clients resume them at another proxy.
   */
  async close(drainMs = 2_000): Promise<void> {
    this.loopDelay.stop()
    this.#counts.stop()
    this.descriptors.stop()
    const closed = Promise.all([closing(this.#server), closing(this.#secureServer)])
    this.door?.close()
    for (const connection of this.connections) connection.socket.pause()
    await this.keeper.committer.drain(drainMs)
    for (const connection of [...this.connections]) connection.close()
    await closed
  }

  /** Everything encoded in this tick leaves in one socket write per connection. */
  flushSoon(outbox: Flushable): void {
    if (this.#toFlush.length === 0) queueMicrotask(() => this.#flushAll())
    this.#toFlush.push(outbox)
  }

  #flushAll(): void {
    const due = this.#toFlush
    this.#toFlush = []
    const sinceMs = performance.now()
    for (const outbox of due) outbox.flush()
    this.stats.replyTimes.observe(performance.now() - sinceMs)
  }

  shedReplies(): void {
    const unsent = [...this.connections].filter(({ socket }) => socket.writableLength > 0)
    unsent.sort((a, b) => b.socket.writableLength - a.socket.writableLength)
    for (const connection of unsent) {
      if (!this.replyBytes.isFull) return
      this.stats.slowReadersDropped++
      const fields = { client: connection.name, unsentBytes: connection.socket.writableLength }
      this.logger.warn(fields, 'clients do not read their replies, this one least: disconnected')
      connection.drop()
    }
  }

  removed(connection: ClientConnection): void {
    if (this.connections.delete(connection)) this.#admission.remove(connection.address)
  }

  /** Answers a four-letter word and closes; false: the four bytes are a packet's length. */
  fourLetterWord(connection: ClientConnection, word: string): boolean {
    if (!WORDS.has(word)) return false
    this.#answer(connection, word)
    return true
  }

  /** What this process has counted. Never rejects. */
  async ownReport(): Promise<ProcessReport> {
    await this.descriptors.count()
    return { metrics: metrics(this), counts: this.#counts.now() }
  }

  async allReports(): Promise<ProcessReport> {
    const { workerMetrics } = this.options
    if (workerMetrics === undefined) return this.ownReport()
    const failed: WorkerMetrics = { reports: [], silent: 1 }
    const others = workerMetrics().catch(() => failed)
    return sumReports(...(await Promise.all([this.ownReport(), others])))
  }

  async allMetrics(): Promise<readonly Metric[]> {
    return (await this.allReports()).metrics
  }

  #answer(connection: ClientConnection, word: string): void {
    const { fourLetterWords } = this.options
    const { socket } = connection
    const done = () => connection.close()
    if (!fourLetterWords.includes('*') && !fourLetterWords.includes(word)) {
      socket.end(`${word} is not executed because it is not in the whitelist.\n`, done)
    } else if (word === 'mntr') {
      const answered = this.allMetrics().then((list) => socket.end(metricLines(list), done))
      answered.catch((error: unknown) => connection.broken(error))
    } else {
      const answer = answerFourLetterWord(this, word)
      if (typeof answer === 'string') socket.end(answer, done)
      else if (!this.listings.send(socket, answer, done)) socket.end(BUSY, done)
    }
  }
}

/** Resolves when no connection of it is left; also of a server that never listened. */
const closing = (server: Server): Promise<void> =>
  new Promise((resolve) => server.close(() => resolve()))
