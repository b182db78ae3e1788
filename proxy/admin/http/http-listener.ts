/**
 * A port that speaks HTTP, with bounds on all that a client may take, and one answer for each request whatever goes wrong.
 * Neighbours: admin-server (its routes), call, router.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { deadline, type Logger, systemClock } from '../../../lib/internal.ts'
import { Call, HEADERS, HttpError } from './call.ts'
import type { AdminOptions } from './options.ts'
import type { Router } from './router.ts'
import { StoreWait } from './store-wait.ts'

type ListenerOptions = Pick<
  AdminOptions,
  | 'host'
  | 'port'
  | 'connectionsMax'
  | 'requestTimeoutMs'
  | 'idleTimeoutMs'
  | 'headerBytesMax'
  | 'storeTimeoutMs'
  | 'createServer'
>

/** A request that is refused before it is looked at by a route. */
interface Refusal {
  readonly status: number
  readonly sentence: string
}

const BAD_REQUEST: Refusal = {
  status: 400,
  sentence: 'The address or the Host of this request cannot be one.',
}
const UNMET: Refusal = { status: 417, sentence: 'What this request expects is not offered here.' }
const NO_TUNNEL = 'ANYKEEPER_NO_TUNNEL'
/** How long what a refused client still sends is thrown away: a connection that is reset would take the answer with it. Unit ms. */
const LINGER_MS = 1_000
/** How often requests that take too long are looked for. Unit ms. */
const CHECK_MS = 1_000

export class HttpListener {
  /** Requests, and those that were closed because there were too many connections. */
  requests = 0
  connectionsRefused = 0
  /** Connections that a bound ended: the time for a request, silence, and the length of a head or a body. */
  readonly ended = { late: 0, idle: 0, longHeads: 0, longBodies: 0 }
  readonly storeWait: StoreWait
  readonly #server: Server
  readonly #router: Router
  readonly #logger: Logger
  /** What is being answered on a connection. */
  readonly #answering = new WeakMap<Duplex, ServerResponse>()
  /** Connections that have such an answer, and are to be closed by their clients. */
  readonly #refused = new Set<Duplex>()

  private constructor(options: ListenerOptions, router: Router, logger: Logger) {
    this.#router = router
    this.#logger = logger
    this.storeWait = new StoreWait(options.storeTimeoutMs)
    this.#server = options.createServer(
      {
        maxHeaderSize: options.headerBytesMax,
        headersTimeout: options.requestTimeoutMs,
        requestTimeout: options.requestTimeoutMs,
        keepAliveTimeout: options.idleTimeoutMs,
        connectionsCheckingInterval: CHECK_MS,
        // Node's own answer to a request without one has none of the headers of all answers.
        requireHostHeader: false,
      },
      (request, response) => this.#begin(request, response),
    )
    this.#server.maxConnections = options.connectionsMax
    this.#server.timeout = options.idleTimeoutMs
    this.#server.on('drop', () => {
      this.connectionsRefused++
    })
    this.#server.on('timeout', (socket: Duplex) => {
      this.ended.idle++
      socket.destroy()
    })
    // Whoever waits with a body is sent for it by the route that reads it, when it is known who that is.
    this.#server.on('checkContinue', (request, response) => this.#begin(request, response))
    // These two have an answer of Node's own, or none, unless somebody listens.
    this.#server.on('checkExpectation', (_request, response: ServerResponse) => {
      this.requests++
      response.on('error', () => {})
      answerRefusal(response, UNMET)
    })
    this.#server.on('connect', (_request, socket: Duplex) => {
      this.requests++
      socket.on('error', () => {})
      this.#refuse(NO_TUNNEL, socket, false)
    })
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      const isAnswering = this.#answering.get(socket)?.headersSent === true
      this.#refuse(error.code ?? '', socket, isAnswering)
    })
  }

  /** Resolves when requests are answered. Rejects when the port is not available. */
  static async listen(
    options: ListenerOptions,
    router: Router,
    logger: Logger,
  ): Promise<HttpListener> {
    const listener = new HttpListener(options, router, logger)
    const server = listener.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: options.host, port: options.port }, () => {
        server.off('error', reject)
        server.on('error', (error) => logger.error({ err: error }, 'admin port: accept failed'))
        resolve()
      })
    })
    return listener
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0
  }

  /** Closes all connections, also those that wait for an answer. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    for (const socket of this.#refused) socket.destroy()
    await closed
  }

  /** Not even an answer that cannot be written ends the process. */
  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((error: unknown) => {
      this.#logger.error({ err: error }, 'fault in an admin request: connection closed')
      response.destroy()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++
    response.on('error', () => {})
    const { socket } = request
    this.#answering.set(socket, response)
    response.on('close', () => this.#answering.delete(socket))
    let call: Call
    try {
      // Of two names whoever stands in front may have taken the other one.
      const hosts = hostsOf(request)
      if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1'))
        throw new Error('no one Host')
      call = new Call(request, response, this.storeWait)
    } catch {
      return answerRefusal(response, BAD_REQUEST)
    }
    try {
      await this.#router.handle(call)
    } catch (error) {
      const failure = error instanceof HttpError ? error : this.#unexpected(call, error)
      if (failure.status === 413) this.ended.longBodies++
      call.fail(failure)
    }
  }

  /** With the same headers as all other answers, and the connection ends. */
  #refuse(code: string, socket: Duplex, isAnswering: boolean): void {
    // More of what cannot be parsed.
    if (this.#refused.has(socket)) return
    if (!socket.writable || isAnswering || code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const bound = BOUNDS[code]
    if (bound !== undefined) this.ended[bound]++
    this.#refused.add(socket)
    const cancel = deadline(systemClock, LINGER_MS, () => socket.destroy())
    socket.once('close', () => {
      cancel()
      this.#refused.delete(socket)
    })
    socket.end(refusalOf(code))
    socket.resume()
  }

  #unexpected(call: Call, error: unknown): HttpError {
    // A client that went away in the middle of its body is no fault of ours.
    if (!call.request.socket.destroyed) {
      this.#logger.error({ err: error, path: call.path }, 'admin request failed')
    }
    return new HttpError(500, 'The request failed: the log of the server says why.')
  }
}

function hostsOf({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
}

/** The connection ends: what is left of the body is not waited for. */
function answerRefusal(response: ServerResponse, { status, sentence }: Refusal): void {
  const body = bodyOf(sentence)
  response.writeHead(status, headersOf(body))
  response.end(body)
}

const bodyOf = (sentence: string): string => `${JSON.stringify({ error: sentence })}\n`

const headersOf = (body: string): Record<string, string> => ({
  ...HEADERS,
  ...{ 'content-type': 'application/json', connection: 'close' },
  'content-length': String(Buffer.byteLength(body)),
})

/** What a request that could not be parsed is answered with, by the parser's code; others: 400. */
const REFUSALS: Readonly<Record<string, [status: string, sentence: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The request has a longer path or longer headers than --admin-max-header-bytes.',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'The body is too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'The request did not arrive within --admin-request-timeout.',
  ],
  [NO_TUNNEL]: ['405 Method Not Allowed', 'CONNECT leads nowhere here.'],
}

/** Which bound it was, by the parser's code. */
const BOUNDS: Readonly<Record<string, keyof HttpListener['ended']>> = {
  HPE_HEADER_OVERFLOW: 'longHeads',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'longBodies',
  ERR_HTTP_REQUEST_TIMEOUT: 'late',
}

function refusalOf(code: string): string {
  const [status, sentence] = REFUSALS[code] ?? ['400 Bad Request', 'This is no HTTP request.']
  const body = bodyOf(sentence)
  const lines = Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`
}
