/**
 * Unary gRPC calls straight over node:http2, bytes in and bytes out: half the CPU of the driver's
 * path for each commit, and a third less latency (bench/results.md). One connection, made on first use
 * and again after it was lost. Nothing is retried. Neighbours: members.ts (which member), txn-codec.ts.
 * Source of the framing: gRPC over HTTP/2, PROTOCOL-HTTP2.md.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2'
import type { Clock } from '../../lib/clock.ts'
import { StoreError } from '../../lib/errors.ts'
import { statusToStoreError } from './errors.ts'

export interface UnaryChannelOptions {
  /** `host:port`, or `https://host:port` for TLS. */
  readonly host: string
  /** TLS: PEM bytes. */
  readonly credentials?: {
    readonly rootCertificate: Buffer
    readonly privateKey?: Buffer
    readonly certChain?: Buffer
  }
  readonly clock: Clock
  /** Pause between pings. Unit: ms. */
  readonly keepaliveMs: number
  /** A ping without an answer for this long ends the connection. Unit: ms. */
  readonly keepaliveTimeoutMs: number
}

/** What the server may send ahead: pages of a load are megabytes. */
const WINDOW_BYTES = 8 * 1024 * 1024
/** Message prefix: not compressed, then its length. */
const PREFIX_BYTES = 5
const OK = '0'

interface Connection {
  readonly session: ClientHttp2Session
  /** What is sent now leaves this process. */
  isOpen: boolean
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
   * One call: `path` is `/package.Service/Method`, `deadline` is in ms since 1970.
   * @throws {StoreError} with outcome `unapplied` when the request cannot have reached the server, or
   * the server says so.
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
    return new Promise((resolve, reject) => {
      new Call(stream, options.deadline, { isOpen: () => connection.isOpen, resolve, reject })
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
    const connection: Connection = { session, isOpen: false, cancelPing: () => {} }
    this.#connection = connection
    session.on('connect', () => {
      connection.isOpen = true
      session.setLocalWindowSize(WINDOW_BYTES)
      this.#pingLater(connection)
    })
    // The streams are told as well; each call says for itself what that means for it.
    session.on('error', () => {})
    session.on('goaway', () => this.#retire(connection))
    session.on('close', () => connection.cancelPing())
    // Neither the connection nor its pings keep a process alive that has nothing else to do.
    session.unref()
    return connection
  }

  #authority(): string {
    const { host } = this.#options
    return host.includes('://') ? host : `http://${host}`
  }

  #connectOptions(): SecureClientSessionOptions {
    const { credentials } = this.#options
    return {
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      ...(credentials === undefined
        ? {}
        : {
            ca: credentials.rootCertificate,
            ...(credentials.privateKey === undefined ? {} : { key: credentials.privateKey }),
            ...(credentials.certChain === undefined ? {} : { cert: credentials.certChain }),
          }),
    }
  }

  /** A half-open connection is noticed by the pings, not only by the deadlines of calls. */
  #pingLater(connection: Connection): void {
    const { clock, keepaliveMs, keepaliveTimeoutMs } = this.#options
    connection.cancelPing = clock.after(keepaliveMs, () => {
      const cancelWait = clock.after(keepaliveTimeoutMs, () => this.#drop(connection))
      connection.cancelPing = cancelWait
      const sent = connection.session.ping((error) => {
        cancelWait()
        if (error === null) this.#pingLater(connection)
      })
      if (!sent) cancelWait()
    })
  }

  /** The server wants no more calls on it; those on their way are still answered. */
  #retire(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined
    connection.session.close()
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

function framed(request: Buffer): Buffer {
  const out = Buffer.allocUnsafe(PREFIX_BYTES + request.length)
  out[0] = 0
  out.writeUInt32BE(request.length, 1)
  request.copy(out, PREFIX_BYTES)
  return out
}

/** The connection failed under a call, or before it. */
function lost({ isOpen }: Pick<Connection, 'isOpen'>, cause: unknown): StoreError {
  const reason = cause instanceof Error ? `: ${cause.message}` : ''
  const what = isOpen ? 'the connection was lost' : 'no connection'
  return new StoreError('STORE_UNAVAILABLE', `etcd: ${what}${reason}`, {
    outcome: isOpen ? 'unknown' : 'unapplied',
    cause,
  })
}

/** What a call asks and tells. */
interface Caller {
  isOpen(): boolean
  resolve(answer: Buffer): void
  reject(error: StoreError): void
}

/** One call on its way: whichever comes first, answer, failure or deadline, settles it. */
class Call {
  readonly #stream: ClientHttp2Stream
  readonly #caller: Caller
  readonly #timer: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #status: IncomingHttpHeaders | undefined
  #cause: unknown
  #settled = false

  constructor(stream: ClientHttp2Stream, deadline: number, caller: Caller) {
    this.#stream = stream
    this.#caller = caller
    stream.on('response', (headers) => {
      // An answer without a body has its status in the first headers.
      if (headers['grpc-status'] !== undefined) this.#status = headers
      else if (headers[':status'] !== 200) this.#cause = new Error(`HTTP ${headers[':status']}`)
    })
    stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk))
    stream.on('trailers', (headers) => {
      this.#status = headers
    })
    stream.on('error', (error) => {
      this.#cause = error
    })
    stream.on('close', () => this.#closed())
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, deadline - Date.now()))
  }

  #expire(): void {
    if (this.#settled) return
    this.#fail(
      new StoreError('STORE_TIMEOUT', 'etcd: no answer in time', {
        outcome: this.#caller.isOpen() ? 'unknown' : 'unapplied',
      }),
    )
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  #closed(): void {
    if (this.#settled) return
    const status = this.#status?.['grpc-status']
    if (status === undefined) {
      this.#fail(lost({ isOpen: this.#caller.isOpen() }, this.#cause))
    } else if (status !== OK) {
      const message = String(this.#status?.['grpc-message'] ?? '')
      this.#fail(statusToStoreError(Number(status), decodeMessage(message)))
    } else this.#succeed()
  }

  #succeed(): void {
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    if (body.length < PREFIX_BYTES || body[0] !== 0) {
      this.#fail(
        new StoreError('STORE_INTERNAL', 'etcd: an answer without a message', {
          outcome: 'unknown',
        }),
      )
      return
    }
    this.#settled = true
    clearTimeout(this.#timer)
    this.#caller.resolve(body.subarray(PREFIX_BYTES))
  }

  #fail(error: StoreError): void {
    this.#settled = true
    clearTimeout(this.#timer)
    this.#caller.reject(error)
  }
}

/** grpc-message is percent-encoded. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
