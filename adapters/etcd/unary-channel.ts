/**
 * Unary gRPC calls over node:http2, bytes in and bytes out: a commit takes half the CPU of the
 * driver's path, and a third less latency (DESIGN.md). One connection, made on first use and again
 * after it was lost. Nothing is retried. Neighbours: unary-call.ts, members.ts.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type SecureClientSessionOptions,
} from 'node:http2'
import type { Clock } from '../../lib/base/clock.ts'
import { deadline } from '../../lib/base/deadline.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { TlsBytes } from '../credentials/tls-files.ts'
import { Call, framed, lost } from './unary-call.ts'

export interface UnaryChannelOptions {
  /** `host:port`, or `https://host:port` for TLS. */
  readonly host: string
  /** Certificates for a new connection; undefined: none are named. */
  readonly tls: () => TlsBytes | undefined
  readonly clock: Clock
  /** Pause between pings while calls are pending; etcd permits none otherwise. Unit: ms. */
  readonly keepaliveMs: number
  /** A ping that is unanswered for this long ends the connection. Unit: ms. */
  readonly keepaliveTimeoutMs: number
}

/** HTTP/2 flow-control window: pages of a load are megabytes. */
const WINDOW_BYTES = 8 * 1024 * 1024

/** How long a connection may take to be made, whatever the deadlines of the calls on it. Unit: ms. */
const CONNECT_MS_MAX = 2_000
/** etcd closes connections that ping more often. Unit: ms. */
const PING_PAUSE_MS = 5_000

interface Connection {
  /** Monotonic, as are all times here. Unit: ms. */
  readonly begunMs: number
  /** Of the newest ping. */
  pingedMs: number
  readonly session: ClientHttp2Session
  /** false: nothing that was sent can have left this process. */
  isOpen: boolean
  /** The server accepts no more calls on it. */
  isRetired: boolean
  /** Calls in flight. */
  calls: number
  /** A ping is scheduled or in flight. */
  isWatched: boolean
  cancelPing: () => void
}

export class UnaryChannel {
  readonly #options: UnaryChannelOptions
  #connection: Connection | undefined
  #closed = false

  constructor(options: UnaryChannelOptions) {
    this.#options = options
  }

  /**
   * Runs one call: `path` is `/package.Service/Method`, `deadline` is in ms since 1970.
   * @throws {StoreError} with outcome `unapplied` when the request cannot have reached the server
   * or the server reports that it did not apply it.
   */
  call(
    path: string,
    request: Buffer,
    options: { readonly deadline: number; readonly token: string | undefined },
  ): Promise<Buffer> {
    if (this.#closed) return Promise.reject(new StoreError('STORE_CLOSED', 'etcd: closed'))
    const connection = this.#connect()
    let stream: ClientHttp2Stream
    try {
      stream = connection.session.request(headersOf(path, options.token))
    } catch (cause) {
      return Promise.reject(lost(connection, cause))
    }
    connection.calls++
    this.#watchOver(connection)
    return new Promise((resolve, reject) => {
      new Call(stream, options.deadline, {
        isOpen: () => connection.isOpen,
        expired: () => this.#doubt(connection),
        ended: () => {
          connection.calls--
        },
        resolve,
        reject,
      })
      stream.end(framed(request))
    })
  }

  close(): void {
    this.#closed = true
    this.#drop(this.#connection)
  }

  #connect(): Connection {
    const current = this.#connection
    if (current !== undefined && !current.session.closed && !current.session.destroyed) {
      return current
    }
    const session = connect(this.#authority(), this.#connectOptions())
    const connection: Connection = {
      begunMs: this.#options.clock.monotonic(),
      pingedMs: Number.NEGATIVE_INFINITY,
      session,
      isOpen: false,
      isRetired: false,
      calls: 0,
      isWatched: false,
      cancelPing: () => {},
    }
    this.#connection = connection
    session.on('connect', () => {
      // Node reports it also of a session that was destroyed while it was connecting.
      if (session.destroyed) return
      connection.isOpen = true
      session.setLocalWindowSize(WINDOW_BYTES)
    })
    // Each stream receives the error as well, and its call reports what it means.
    session.on('error', () => {})
    session.on('goaway', () => this.#retire(connection))
    session.on('close', () => connection.cancelPing())
    // Neither the connection nor its pings keep the process alive.
    session.unref()
    return connection
  }

  #authority(): string {
    const { host } = this.#options
    return host.includes('://') ? host : `http://${host}`
  }

  #connectOptions(): SecureClientSessionOptions {
    return {
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      ...this.#options.tls(),
    }
  }

  /** Pings detect a half-open connection before the deadlines of calls do. */
  #watchOver(connection: Connection): void {
    if (connection.isWatched || connection.isRetired) return
    connection.isWatched = true
    connection.cancelPing = this.#options.clock.after(this.#options.keepaliveMs, () => {
      connection.isWatched = false
      if (connection.calls > 0) this.#ping(connection)
    })
  }

  /** After a call without an answer in time: is the server slow, or the connection dead? */
  #doubt(connection: Connection): void {
    if (connection.isRetired) return
    const now = this.#options.clock.monotonic()
    if (!connection.isOpen) {
      if (now - connection.begunMs > CONNECT_MS_MAX) this.#drop(connection)
      return
    }
    // A ping that is unanswered yet must not be forgotten for a newer one.
    if (now - connection.pingedMs < PING_PAUSE_MS) return
    connection.cancelPing()
    this.#ping(connection)
  }

  #ping(connection: Connection): void {
    const { clock, keepaliveTimeoutMs } = this.#options
    const { session } = connection
    // A connection that is not made by now is replaced by the next call.
    if (!connection.isOpen || session.closed || session.destroyed) return this.#drop(connection)
    connection.isWatched = true
    connection.pingedMs = clock.monotonic()
    const cancelWait = deadline(clock, keepaliveTimeoutMs, () => this.#drop(connection))
    connection.cancelPing = cancelWait
    const answered = (): void => {
      cancelWait()
      connection.isWatched = false
    }
    const sent = session.ping((error) => {
      answered()
      if (error === null && connection.calls > 0) this.#watchOver(connection)
    })
    if (!sent) answered()
  }

  /** GOAWAY: new calls use a new connection; calls in flight have keepaliveMs to be answered. */
  #retire(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined
    connection.isRetired = true
    connection.cancelPing()
    connection.session.close()
    const { clock, keepaliveMs } = this.#options
    connection.cancelPing = clock.after(keepaliveMs, () => connection.session.destroy())
  }

  #drop(connection: Connection | undefined): void {
    if (connection === undefined) return
    connection.cancelPing()
    if (this.#connection === connection) this.#connection = undefined
    connection.session.destroy()
  }
}

function headersOf(path: string, token: string | undefined) {
  return {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(token === undefined ? {} : { token }),
  }
}
