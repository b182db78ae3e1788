/**
 * `anykeeper compare`: serves clients from the candidate and sends the same requests to the oracle.
 * Accepts clients, connects to both sides, expires sessions. Neighbours: link, sessions, report.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { type Clock, type Logger, systemClock } from '../../lib/index.ts'
import { checkNames, checkTls, openSocket, optionNames } from '../../lib/internal.ts'
import type { CompareHost, CompareOptions } from './host.ts'
import { Link } from './link.ts'
import { probeZxid } from './probe.ts'
import { ReapablePaths } from './reapable.ts'
import { CompareReport } from './report.ts'
import { type ComparedSession, SessionMap } from './sessions.ts'
import { Turns } from './turns.ts'
import { Upstream } from './upstream.ts'
import { ZxidMap } from './zxid-map.ts'

/** Options of a comparison that names none of its own. */
export const COMPARE_DEFAULT: Omit<CompareOptions, 'candidate' | 'oracle'> = {
  host: '127.0.0.1',
  port: 2181,
  graceMs: 3_000,
  answerTimeoutMs: 10_000,
  connectTimeoutMs: 2_000,
  frameBytesMax: 0xfffff,
}

const OPTIONS = optionNames<CompareOptions>({
  host: true,
  port: true,
  candidate: true,
  oracle: true,
  graceMs: true,
  answerTimeoutMs: true,
  connectTimeoutMs: true,
  frameBytesMax: true,
})

/** How often sessions are kept alive or expired. */
const SWEEP_MS = 200
/** Margin after a session's timeout: servers expire it late, too. */
const EXPIRY_SLACK_MS = 300
/** A session without a connection is forgotten after this many timeouts. */
const FORGET_TIMEOUTS = 10
/** An unreachable oracle is retried after this time at the earliest. */
const ORACLE_RETRY_MS = 1_000
const DRAIN_MS_MAX = 5_000

/** Serves clients from a candidate, and compares its answers with those of an oracle. */
export class CompareServer implements CompareHost {
  readonly options: CompareOptions
  readonly logger: Logger
  readonly clock: Clock = systemClock
  readonly turns = new Turns()
  readonly zxids = new ZxidMap()
  readonly sessions = new SessionMap()
  readonly reapable = new ReapablePaths()
  readonly report: CompareReport
  readonly #links = new Set<Link>()
  readonly #server: Server
  #port = 0
  #oracleRetryMs = 0
  #isOracleAway = false
  #cancelSweep = () => {}

  private constructor(options: CompareOptions, logger: Logger, file?: Logger) {
    this.options = options
    this.logger = logger
    this.report = new CompareReport(logger, file)
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  /**
   * Resolves when clients are accepted. Neither side needs to be reachable yet.
   * @throws {TypeError} an option is not known
   * @throws {Error} the port is not available
   */
  static async listen(
    options: Partial<CompareOptions> & Pick<CompareOptions, 'candidate' | 'oracle'>,
    logger: Logger,
    file?: Logger,
  ): Promise<CompareServer> {
    checkNames(options, OPTIONS)
    const server = new CompareServer({ ...COMPARE_DEFAULT, ...options }, logger, file)
    const { host, port } = server.options
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject)
      server.#server.listen({ host, port, backlog: 511 }, () => {
        server.#server.off('error', reject)
        resolve()
      })
    })
    const address = server.#server.address()
    server.#port = typeof address === 'object' && address !== null ? address.port : 0
    server.#sweepLater()
    return server
  }

  /** Where it listens. */
  get port(): number {
    return this.#port
  }

  /** Waits for requests in flight and for events, then ends. The servers' sessions stay. */
  async close(): Promise<void> {
    this.#server.close()
    this.#cancelSweep()
    const deadlineMs = this.clock.monotonic() + Math.max(DRAIN_MS_MAX, this.options.graceMs)
    await Promise.race([this.turns.idle(), this.#pause(DRAIN_MS_MAX)])
    const areEventsWaiting = () => [...this.#links].some(({ eventsWaiting }) => eventsWaiting > 0)
    while (areEventsWaiting() && this.clock.monotonic() < deadlineMs) await this.#pause(20)
    for (const link of [...this.#links]) link.stop()
    this.report.writeSummary()
  }

  // CompareHost

  /** @throws {Error} it is unreachable */
  openCandidate(): Promise<Upstream> {
    return Upstream.connect(this.options.candidate, this.clock, this.options.connectTimeoutMs)
  }

  async openOracle(): Promise<Upstream | undefined> {
    if (this.clock.monotonic() < this.#oracleRetryMs) return undefined
    try {
      if (!this.zxids.begun) await this.#begin()
      const upstream = await this.#connectOracle()
      if (this.#isOracleAway) this.logger.warn(this.#oracleShown, 'oracle reachable again')
      this.#isOracleAway = false
      return upstream
    } catch (error) {
      this.#oracleRetryMs = this.clock.monotonic() + ORACLE_RETRY_MS
      if (!this.#isOracleAway) {
        const fields = { err: error, ...this.#oracleShown }
        this.logger.error(fields, 'oracle not reachable: requests are not compared')
      }
      this.#isOracleAway = true
      return undefined
    }
  }

  /** Without its certificates, which come with a key. */
  get #oracleShown(): { readonly host: string; readonly port: number } {
    const { host, port } = this.options.oracle
    return { host, port }
  }

  #connectOracle(): Promise<Upstream> {
    return Upstream.connect(this.options.oracle, this.clock, this.options.connectTimeoutMs)
  }

  /** Reads the newest zxid of both sides before the first comparison. */
  async #begin(): Promise<void> {
    const { answerTimeoutMs } = this.options
    // A client would try again and again; here nobody waits for a server that is not there.
    const reachable = [await this.#connectOracle(), await this.openCandidate()]
    for (const upstream of reachable) upstream.destroy()
    const oracle = await probeZxid(this.options.oracle, answerTimeoutMs)
    const candidate = await probeZxid(this.options.candidate, answerTimeoutMs)
    this.zxids.begin({ candidate, oracle })
    this.logger.info({ candidate, oracle }, 'zxids before the comparison')
  }

  removed(link: Link): void {
    this.#links.delete(link)
  }

  // Clients

  #accept(socket: Socket): void {
    let first = Buffer.alloc(0)
    const onData = (chunk: Buffer) => {
      first = Buffer.concat([first, chunk])
      if (first.length < 4) return
      socket.off('data', onData)
      // As a length it would be above a gigabyte.
      if (/^[a-z]{4}$/.test(first.toString('latin1', 0, 4))) {
        this.#passWord(socket, first)
        return
      }
      this.report.counts.connections++
      const link = new Link(this, socket)
      this.#links.add(link)
      socket.on('data', (bytes) => link.data(bytes))
      link.data(first)
    }
    socket.on('data', onData)
    socket.on('error', () => socket.destroy())
  }

  /** The candidate answers four-letter words. */
  #passWord(socket: Socket, word: Buffer): void {
    const endpoint = this.options.candidate
    const candidate = openSocket(endpoint, endpoint.tls && checkTls(endpoint.tls), () => {})
    candidate.on('error', () => socket.destroy())
    candidate.on('close', () => socket.destroySoon())
    socket.on('close', () => candidate.destroy())
    candidate.write(word)
    socket.pipe(candidate)
    candidate.pipe(socket)
  }

  // Sessions

  #sweepLater(): void {
    this.#cancelSweep = this.clock.after(SWEEP_MS, () => {
      this.#sweep()
      this.#sweepLater()
    })
  }

  /**
   * Each server expires a session at some time after its timeout. So that both do it at one place in
   * the order, the comparison keeps sessions alive on both sides, and closes a session on both when
   * its client was silent for the timeout.
   */
  #sweep(): void {
    const now = this.clock.monotonic()
    for (const session of [...this.sessions.all]) {
      const { timeoutMs, lastSeenMs, holder, isExpiring } = session
      if (now - lastSeenMs > timeoutMs + EXPIRY_SLACK_MS) {
        if (holder?.isBusy) session.lastSeenMs = now
        else if (holder !== undefined && !isExpiring) this.#expire(session)
        else if (now - lastSeenMs > timeoutMs * FORGET_TIMEOUTS) this.sessions.remove(session)
      } else {
        holder?.keepAlive(now - timeoutMs / 3)
      }
    }
  }

  #expire(session: ComparedSession): void {
    session.isExpiring = true
    const expire = async () => {
      const silentMs = this.clock.monotonic() - session.lastSeenMs
      session.isExpiring = false
      if (silentMs <= session.timeoutMs || session.holder === undefined) return
      this.logger.info(
        { session: session.candidate.id.toString(16) },
        'session expired: closed on both sides',
      )
      await session.holder.expire()
    }
    this.turns.run(expire).catch((error: unknown) => {
      this.logger.error({ err: error }, 'session not closed on both sides')
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }
}
