/**
 * Listens, accepts up to its limits, flushes connections once a tick, drains on stop.
 * Neighbours: connection (one per client), outbox, admin/four-letter-words.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { Keeper, Logger } from '../lib/index.ts'
import { ChunkPool } from '../lib/protocol/jute/chunk-pool.ts'
import { Descriptors } from './admin/descriptors.ts'
import { answerFourLetterWord, WORDS, WORDS_DEFAULT } from './admin/four-letter-words.ts'
import { Listings } from './admin/listings.ts'
import { LoopDelay } from './admin/loop-delay.ts'
import { metricLines, metrics } from './admin/metrics.ts'
import { type Metric, sumMetrics } from './admin/sum-metrics.ts'
import { ByteBudget } from './byte-budget.ts'
import { Connection } from './connection.ts'
import { FairTurns } from './fair-turns.ts'
import type {
  ClientConnection,
  Flushable,
  ProxyHost,
  ProxyOptions,
  Reconfigurable,
  WorkerMetrics,
} from './host.ts'
import { ServerStats } from './stats.ts'

/** Output memory kept for reuse, bytes. The garbage collector gets the rest. */
const OUTPUT_KEPT_BYTES_MAX = 16 * 1024 * 1024

const BUSY = 'Other long answers are being sent: try again later.\n'

/** Options of a proxy that names none of its own. */
export const PROXY_DEFAULT: ProxyOptions = {
  host: '127.0.0.1',
  port: 2181,
  frameBytesMax: 0xfffff,
  greetingTimeoutMs: 10_000,
  outstandingMax: 1_000,
  outstandingBytesMax: 2 * 1024 * 1024,
  requestBytesMax: 128 * 1024 * 1024,
  outputBytesMax: 64 * 1024 * 1024,
  replyBytesMax: 512 * 1024 * 1024,
  sliceMs: 2,
  turnMs: 4,
  identitiesMax: 1_000,
  connectionsMax: 20_000,
  connectionsPerAddressMax: 0,
  fourLetterWords: WORDS_DEFAULT,
  storeName: 'the store',
  memory: undefined,
  saslUsers: new Map(),
  saslSuperUser: undefined,
  worker: 0,
  workerMetrics: undefined,
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
  readonly listings: Listings
  readonly descriptors: Descriptors
  readonly loopDelay: LoopDelay
  readonly #perAddress = new Map<string, number>()
  readonly #server: Server
  #options: ProxyOptions
  #toFlush: Flushable[] = []
  #port = 0

  private constructor(keeper: Keeper, options: ProxyOptions, logger: Logger) {
    this.keeper = keeper
    this.#options = options
    this.logger = logger
    const now = () => keeper.clock.monotonic()
    this.turns = new FairTurns({ now, turnMs: options.turnMs })
    this.listings = new Listings(keeper.clock)
    this.descriptors = new Descriptors(keeper.clock, logger)
    this.loopDelay = new LoopDelay(keeper.clock)
    this.requestBytes = new ByteBudget(options.requestBytesMax)
    this.replyBytes = new ByteBudget(options.replyBytesMax)
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) =>
      this.accept(socket),
    )
  }

  /** A server without a port: clients reach it by {@link accept} only. */
  static unbound(
    keeper: Keeper,
    options: Partial<ProxyOptions> = {},
    logger: Logger = keeper.logger,
  ): ProxyServer {
    return new ProxyServer(keeper, { ...PROXY_DEFAULT, ...options }, logger)
  }

  /** Resolves when clients are accepted. Rejects when the port is not available. */
  static async listen(
    keeper: Keeper,
    options: Partial<ProxyOptions> = {},
    logger: Logger = keeper.logger,
  ): Promise<ProxyServer> {
    const proxy = new ProxyServer(keeper, { ...PROXY_DEFAULT, ...options }, logger)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(
        { host: proxy.options.host, port: proxy.options.port, backlog: 511 },
        () => {
          proxy.#server.off('error', reject)
          // From here on an error is a failed accept, such as for lack of file descriptors.
          proxy.#server.on('error', (error) => {
            proxy.stats.acceptsFailed++
            logger.error({ err: error }, 'accept failed')
          })
          resolve()
        },
      )
    })
    const address = proxy.#server.address()
    proxy.loopDelay.start()
    proxy.descriptors.start()
    proxy.#port = typeof address === 'object' && address !== null ? address.port : 0
    return proxy
  }

  get port(): number {
    return this.#port
  }

  get options(): ProxyOptions {
    return this.#options
  }

  /**
   * Takes other values while it serves. They hold for what happens from now on: connections that are open stay open, and
   * clients that are authenticated stay so.
   */
  reconfigure(options: Partial<Pick<ProxyOptions, Reconfigurable>>): void {
    this.#options = { ...this.#options, ...options }
  }

  /** Serves the client of this connection, up to the limits on their number. */
  accept(socket: Socket): void {
    const connection = new Connection(this, socket)
    const { address } = connection
    const ofAddress = (this.#perAddress.get(address) ?? 0) + 1
    this.connections.add(connection)
    this.#perAddress.set(address, ofAddress)
    const { connectionsMax, connectionsPerAddressMax } = this.options
    if (
      this.connections.size > connectionsMax ||
      (connectionsPerAddressMax > 0 && ofAddress > connectionsPerAddressMax)
    ) {
      this.stats.connectionsRejected++
      this.logger.warn({ client: connection.name }, 'too many connections: client disconnected')
      connection.close()
      return
    }
    this.stats.connectionsAccepted++
  }

  /**
   * Stops accepting and reading, answers requests in flight (for at most `drainMs`), then disconnects
   * every client. Sessions stay, so that clients resume them at another proxy.
   */
  async close(drainMs = 2_000): Promise<void> {
    this.loopDelay.stop()
    this.descriptors.stop()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
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
    if (!this.connections.delete(connection)) return
    const left = (this.#perAddress.get(connection.address) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(connection.address)
    else this.#perAddress.set(connection.address, left)
  }

  /** Answers a four-letter word and closes; false: the four bytes are a packet's length. */
  fourLetterWord(connection: ClientConnection, word: string): boolean {
    if (!WORDS.has(word)) return false
    this.#answer(connection, word)
    return true
  }

  /** The metrics of this process: names without "zk_", and their values. Never rejects. */
  async ownMetrics(): Promise<Metric[]> {
    await this.descriptors.count()
    return metrics(this)
  }

  async allMetrics(): Promise<readonly Metric[]> {
    const { workerMetrics } = this.options
    if (workerMetrics === undefined) return this.ownMetrics()
    const failed: WorkerMetrics = { lists: [], silent: 1 }
    const others = workerMetrics().catch(() => failed)
    const [own, { lists, silent }] = await Promise.all([this.ownMetrics(), others])
    return [
      ...sumMetrics([own, ...lists]),
      ['anykeeper_workers', 1 + lists.length],
      ['anykeeper_workers_silent', silent],
    ]
  }

  #answer(connection: ClientConnection, word: string): void {
    const { fourLetterWords } = this.options
    const { socket } = connection
    const done = () => connection.close()
    if (!fourLetterWords.includes('*') && !fourLetterWords.includes(word)) {
      socket.end(`${word} is not executed because it is not in the whitelist.\n`, done)
    } else if (word === 'mntr') {
      void this.allMetrics().then((list) => socket.end(metricLines(list), done))
    } else {
      const answer = answerFourLetterWord(this, word)
      if (typeof answer === 'string') socket.end(answer, done)
      else if (!this.listings.send(socket, answer, done)) socket.end(BUSY, done)
    }
  }
}
