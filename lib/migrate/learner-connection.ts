/**
 * One connection to a leader: the socket, with TLS and a login where the servers want them, its deadlines, and the
 * protocol on it. Neighbours: learner (the protocol), quorum-auth, open-source-feed.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { onAbort } from '../base/on-abort.ts'
import { reasonOf } from '../base/reason-of.ts'
import type { KnownTls } from '../client/tls-options.ts'
import { openSocket } from '../client/wire/open-socket.ts'
import { WireError } from '../model/errors.ts'
import { ByteSource, CutShort } from '../transfer/zookeeper/byte-source.ts'
import type { KnownTxn } from './known-txn.ts'
import { Learner, type LearnerService, type LearnerSink } from './learner.ts'
import { PingRate } from './ping-rate.ts'
import { authenticate } from './quorum-auth.ts'
import { shown } from './quorum-config.ts'
import { Silence } from './silence.ts'
import type { SourceBounds } from './source-bounds.ts'
import { SourceError } from './source-error.ts'
import type { HostPort, QuorumSasl } from './source-feed.ts'
import { tlsRefusal } from './tls-refusal.ts'

export interface LearnerConnectionOptions {
  readonly address: HostPort
  readonly tls: KnownTls | undefined
  readonly sasl: QuorumSasl | undefined
  /** The last zxid that the consumer has; 0: none. */
  readonly from: number
  /** That transaction, as far as it is known. */
  readonly known?: KnownTxn | undefined
  readonly sid: number
  readonly bounds: SourceBounds
  readonly clock: Clock
  readonly sink: LearnerSink
  readonly onBytes: (count: number) => void
  /** Undefined: it sends no request. */
  readonly service?: LearnerService
  /** Ends it. */
  readonly signal: AbortSignal
}

/**
 * Joins the leader at that address and follows it until that ends.
 * @throws {SourceError} always: why it ended, beginning with the address
 */
export async function followLeader(options: LearnerConnectionOptions): Promise<never> {
  const connection = new LearnerConnection(options)
  try {
    return await connection.run()
  } catch (error) {
    throw sourceErrorOf(connection.why ?? error, options)
  } finally {
    connection.end()
  }
}

class LearnerConnection {
  readonly #options: LearnerConnectionOptions
  readonly #ends: (() => void)[] = []
  #socket: Socket | undefined
  /** Why we ended it ourselves: it says more than what the socket ended with. */
  why: SourceError | undefined
  #silence: Silence | undefined

  constructor(options: LearnerConnectionOptions) {
    this.#options = options
  }

  async run(): Promise<never> {
    const { signal, bounds, clock, from, known, sid } = this.#options
    const { connectMs, handshakeMs, syncMs, silenceMs, packetBytesMax } = bounds
    signal.throwIfAborted()
    this.#ends.push(
      onAbort(signal, () => this.#fail(new SourceError('SOURCE_UNREACHABLE', 'closed'))),
    )
    const isTimely = this.#within(connectMs, 'it did not accept a connection')
    const socket = await this.#open()
    isTimely()
    const source = new ByteSource(this.#received(socket), {
      recordBytesMax: packetBytesMax,
    })
    const send = (bytes: Uint8Array): void => void socket.write(bytes)
    const isAccepted = this.#within(handshakeMs, 'it did not accept us as an observer')
    const { sasl, service } = this.#options
    if (sasl !== undefined) await authenticate(source, send, sasl)
    const learner = new Learner({
      ...{ source, send, sink: this.#timedSink(), clock, bounds, from, known, sid, service },
      onUpToDate: () => isUpToDate(),
    })
    await learner.join()
    isAccepted()
    const isUpToDate = this.#within(syncMs, 'it did not bring us up to date')
    this.#silence = new Silence(clock, silenceMs, () => {
      const { limitMs } = this.#silence as Silence
      this.#fail(new SourceError('SOURCE_SILENT', `nothing came for ${Math.round(limitMs)} ms`))
    })
    return learner.follow()
  }

  end(): void {
    for (const end of this.#ends) end()
    this.#silence?.stop()
    this.#socket?.destroy()
  }

  #fail(why: SourceError): void {
    this.why ??= why
    this.#socket?.destroy(why)
  }

  /** @returns what says that it was in time */
  #within(ms: number, what: string): () => void {
    const cancel = deadline(this.#options.clock, ms, () =>
      this.#fail(new SourceError('SOURCE_SILENT', `${what} within ${ms} ms`)),
    )
    this.#ends.push(cancel)
    return cancel
  }

  async #open(): Promise<Socket> {
    const { address, tls } = this.#options
    return new Promise((resolve, reject) => {
      const socket = openSocket(address, tls, () => resolve(socket))
      this.#socket = socket
      // Whoever follows keeps the process alive, not its socket.
      socket.unref()
      // Stays: what comes later is thrown by the iteration of its bytes.
      socket.on('error', reject)
      socket.once('close', () =>
        reject(new SourceError('SOURCE_UNREACHABLE', 'it closed the connection')),
      )
    })
  }

  async *#received(socket: Socket): AsyncGenerator<Buffer> {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      this.#silence?.touch()
      this.#options.onBytes(chunk.length)
      yield chunk
    }
  }

  /** Learns from the leader’s pings how long a silence is normal. */
  #timedSink(): LearnerSink {
    const { sink, clock, bounds } = this.#options
    const rate = new PingRate(bounds)
    return {
      connected: (epoch) => sink.connected(epoch),
      snapshot: (tree, isProved, known) => sink.snapshot(tree, isProved, known),
      truncate: (zxid) => sink.truncate(zxid),
      transaction: (txn, count, bytes) => sink.transaction(txn, count, bytes),
      current: (zxid) => sink.current(zxid),
      config: (text) => sink.config(text),
      ping: () => {
        if (this.#silence !== undefined) this.#silence.limitMs = rate.limitMs(clock.monotonic())
        sink.ping()
      },
    }
  }
}

function sourceErrorOf(why: unknown, { address, tls }: LearnerConnectionOptions): SourceError {
  const where = shown(address)
  if (why instanceof SourceError) return new SourceError(why.code, `${where}: ${why.message}`)
  if (why instanceof CutShort) {
    const message = `${where}: it closed the connection: ${why.message}`
    return new SourceError('SOURCE_UNREACHABLE', message, { cause: why })
  }
  if (why instanceof WireError) {
    return new SourceError('SOURCE_MALFORMED', `${where}: ${why.message}`, { cause: why })
  }
  const refusal = tls === undefined ? undefined : tlsRefusal(why)
  if (refusal !== undefined) {
    return new SourceError('SOURCE_REFUSED', `${where}: ${refusal}`, { cause: why })
  }
  return new SourceError('SOURCE_UNREACHABLE', `${where}: ${reasonOf(why)}`, { cause: why })
}
