/**
 * One unary call on an HTTP/2 stream: gRPC's framing and status, and what a failure says about the
 * outcome. Neighbours: unary-channel.ts (its connection), errors.ts.
 * Source of the framing: gRPC over HTTP/2, PROTOCOL-HTTP2.md.
 */
import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2'
import { TIMER_MS_MAX } from '../../lib/base/clock.ts'
import { GRACE_MS, LATE_MS } from '../../lib/base/deadline.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { statusToStoreError } from './errors.ts'

/** Message prefix: not compressed, then its length. */
const PREFIX_BYTES = 5
const OK = '0'

export function framed(request: Buffer): Buffer {
  const out = Buffer.allocUnsafe(PREFIX_BYTES + request.length)
  out[0] = 0
  out.writeUInt32BE(request.length, 1)
  request.copy(out, PREFIX_BYTES)
  return out
}

/** The error of a call whose connection failed, during it or before it. */
export function lost({ isOpen }: { readonly isOpen: boolean }, cause: unknown): StoreError {
  const reason = cause instanceof Error ? `: ${cause.message}` : ''
  const what = isOpen ? 'the connection was lost' : 'no connection'
  return new StoreError('STORE_UNAVAILABLE', `etcd: ${what}${reason}`, {
    outcome: isOpen ? 'unknown' : 'unapplied',
    cause,
  })
}

/** The connection and the caller, as a call sees them. */
interface Caller {
  /** Could what was sent have left this process? */
  isOpen(): boolean
  /** The deadline has passed; the call has not ended yet. */
  expired(): void
  ended(): void
  resolve(answer: Buffer): void
  reject(error: StoreError): void
}

/** One call in flight. The first of answer, failure and deadline settles it. */
export class Call {
  readonly #stream: ClientHttp2Stream
  readonly #caller: Caller
  #timer: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #status: IncomingHttpHeaders | undefined
  #cause: unknown
  #settled = false

  constructor(stream: ClientHttp2Stream, deadline: number, caller: Caller) {
    this.#stream = stream
    this.#caller = caller
    stream.on('response', (headers) => {
      // An answer without a body carries its status in the first headers.
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
    const ms = Math.min(Math.max(0, deadline - Date.now()), TIMER_MS_MAX)
    const dueMs = performance.now() + ms
    // Unlike Clock's, this timer keeps the process alive.
    this.#timer = setTimeout(() => {
      if (performance.now() - dueMs <= LATE_MS) return this.#expire()
      // This process was paused: an answer that has arrived is read first.
      this.#timer = setTimeout(() => this.#expire(), GRACE_MS)
    }, ms)
  }

  #expire(): void {
    if (this.#settled) return
    this.#caller.expired()
    // expired() may have closed the connection, which has settled this call.
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
    if (
      body.length < PREFIX_BYTES ||
      body[0] !== 0 ||
      body.length !== PREFIX_BYTES + body.readUInt32BE(1)
    ) {
      this.#fail(
        new StoreError('STORE_INTERNAL', 'etcd: an answer without a message', {
          outcome: 'unknown',
        }),
      )
      return
    }
    this.#settle()
    this.#caller.resolve(body.subarray(PREFIX_BYTES))
  }

  #fail(error: StoreError): void {
    this.#settle()
    this.#caller.reject(error)
  }

  #settle(): void {
    this.#settled = true
    clearTimeout(this.#timer)
    this.#caller.ended()
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
