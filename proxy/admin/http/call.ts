/** One request and how it is answered. Neighbours: http-listener (makes it), the routes. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Listings } from '../listings.ts'
import { jsonPieces, toJson } from './json.ts'
import type { StoreWait } from './store-wait.ts'

/** A request that cannot be carried out, with the status and a sentence that says why and what to do. */
export class HttpError extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}) {
    super(sentence)
    this.status = status
    this.headers = headers
  }
}

const tooLong = (bytesMax: number): HttpError =>
  new HttpError(413, `The body has more than ${bytesMax} bytes.`, { connection: 'close' })

const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** Nothing of it is kept, guessed at or shown inside another page. */
export const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

export class Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly storeWait: StoreWait
  readonly path: string
  readonly query: URLSearchParams
  /** What stands in the path where the route has ":name". */
  params: Readonly<Record<string, string>> = {}

  constructor(request: IncomingMessage, response: ServerResponse, storeWait: StoreWait) {
    this.request = request
    this.response = response
    this.storeWait = storeWait
    // Only the path and the query are used: the host before them is no part of any decision.
    const { url = '/' } = request
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    // Whoever stands in front and lets some paths pass alone has judged it as it was written.
    const written = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '') || '/'
    if (written !== pathname) throw new TypeError('a path that is written in another way')
    this.path = pathname
    this.query = searchParams
  }

  /** HEAD is GET without a body. */
  get method(): string {
    const { method = 'GET' } = this.request
    return method === 'HEAD' ? 'GET' : method
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name]
    return Array.isArray(value) ? value[0] : value
  }

  send(
    status: number,
    type: string,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    this.response.writeHead(status, {
      ...HEADERS,
      'content-type': type,
      'content-length': bytes.length,
      ...headers,
    })
    this.response.end(bytes)
  }

  text(status: number, body: string): void {
    this.send(status, TEXT_TYPE, body)
  }

  json(status: number, value: unknown, headers: Record<string, string> = {}): void {
    this.send(status, JSON_TYPE, `${toJson(value)}\n`, headers)
  }

  /** An answer that may be long: in its turn, in pieces, no faster than it is read. */
  list(listings: Listings, value: unknown): void {
    const { response } = this
    if (this.request.method === 'HEAD') {
      this.begin(200, JSON_TYPE)
      response.end()
      return
    }
    if (listings.isFull) {
      throw new HttpError(503, 'Other long answers are being sent: try again later.', {
        'retry-after': '1',
      })
    }
    this.begin(200, JSON_TYPE)
    listings.send(response, jsonPieces(value), () => {})
  }

  /** The head of an answer whose body follows. */
  begin(status: number, type: string, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { ...HEADERS, 'content-type': type, ...headers })
  }

  fail(error: HttpError): void {
    if (this.response.headersSent) {
      this.response.destroy()
      return
    }
    // What is left of a body that nobody reads is not waited for.
    const close = this.request.complete ? {} : { connection: 'close' }
    this.json(error.status, { error: error.message }, { ...close, ...error.headers })
  }

  /** The body. @throws {HttpError} 413: it is longer than `bytesMax`, or says so before it comes */
  async bytes(bytesMax: number): Promise<Buffer> {
    if (Number(this.header('content-length') ?? 0) > bytesMax) throw tooLong(bytesMax)
    if (this.header('expect') !== undefined) this.response.writeContinue()
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of this.request) {
      bytes += (chunk as Buffer).length
      if (bytes > bytesMax) throw tooLong(bytesMax)
      chunks.push(chunk as Buffer)
    }
    return Buffer.concat(chunks)
  }

  /** The body as text. @throws {HttpError} it is longer than `bytesMax`, or no UTF-8 */
  async body(bytesMax: number): Promise<string> {
    const bytes = await this.bytes(bytesMax)
    if (isUtf8(bytes)) return bytes.toString()
    throw new HttpError(400, 'The body must be UTF-8.')
  }

  /** The body as a JSON object, or an empty one. @throws {HttpError} it is none */
  async jsonBody(bytesMax: number): Promise<Readonly<Record<string, unknown>>> {
    const text = await this.body(bytesMax)
    if (text.trim() === '') return {}
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        return value as Record<string, unknown>
      }
    } catch {
      // It is answered below.
    }
    throw new HttpError(400, 'The body must be a JSON object.')
  }
}
