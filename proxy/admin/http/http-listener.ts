/**
 * A port that speaks HTTP, with bounds on all that a client may take, and one answer for each request whatever goes wrong.
 * Neighbours: admin-server (its routes), call, router.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '../../../lib/internal.ts'
import { Call, HEADERS, HttpError } from './call.ts'
import type { AdminOptions } from './options.ts'
import type { Router } from './router.ts'

type ListenerOptions = Pick<
  AdminOptions,
  | 'host'
  | 'port'
  | 'connectionsMax'
  | 'requestTimeoutMs'
  | 'idleTimeoutMs'
  | 'headerBytesMax'
  | 'createServer'
>

/** How often requests that take too long are looked for. Unit ms. */
const CHECK_MS = 1_000

export class HttpListener {
  /** Requests, and those that were closed because there were too many connections. */
  requests = 0
  connectionsRefused = 0
  readonly #server: Server
  readonly #router: Router
  readonly #logger: Logger

  private constructor(options: ListenerOptions, router: Router, logger: Logger) {
    this.#router = router
    this.#logger = logger
    this.#server = options.createServer(
      {
        maxHeaderSize: options.headerBytesMax,
        headersTimeout: options.requestTimeoutMs,
        requestTimeout: options.requestTimeoutMs,
        keepAliveTimeout: options.idleTimeoutMs,
        connectionsCheckingInterval: CHECK_MS,
      },
      (request, response) => void this.#answer(request, response),
    )
    this.#server.maxConnections = options.connectionsMax
    this.#server.timeout = options.idleTimeoutMs
    this.#server.on('drop', () => {
      this.connectionsRefused++
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
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++
    response.on('error', () => {})
    let call: Call
    try {
      call = new Call(request, response)
    } catch {
      response.writeHead(400, HEADERS).end()
      return
    }
    try {
      await this.#router.handle(call)
    } catch (error) {
      call.fail(error instanceof HttpError ? error : this.#unexpected(call, error))
    }
  }

  #unexpected(call: Call, error: unknown): HttpError {
    // A client that went away in the middle of its body is no fault of ours.
    if (!call.request.socket.destroyed) {
      this.#logger.error({ err: error, path: call.path }, 'admin request failed')
    }
    return new HttpError(500, 'The request failed: the log of the server says why.')
  }
}
