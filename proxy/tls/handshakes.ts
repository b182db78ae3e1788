/**
 * TLS handshakes in progress, up to a bound: above it the one that has waited longest is ended, since honest clients need
 * one round trip and those that only hold a place are the oldest. Line: arrivals → here → secure-door.
 */
import type { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'

export interface HandshakesOptions {
  readonly context: SecureContextOptions
  readonly requestCert: boolean
  readonly max: number
  /** Unit ms. */
  readonly timeoutMs: number
  onSecure(socket: TLSSocket, raw: Socket): void
  onFailed(raw: Socket, error: unknown): void
  /** Ended for the sake of newer ones. */
  onExceeded(raw: Socket): void
}

export class Handshakes {
  readonly #options: HandshakesOptions
  /** In the order in which they began. */
  readonly #inProgress = new Set<Socket>()
  readonly #server: Server

  constructor(options: HandshakesOptions) {
    const { context, requestCert, timeoutMs } = options
    this.#options = options
    this.#server = createServer({
      ...context,
      requestCert,
      // Whether a certificate is good enough is judged by onSecure, which can say why it is not.
      rejectUnauthorized: false,
      handshakeTimeout: timeoutMs,
    })
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      const raw = rawOf(socket)
      this.#inProgress.delete(raw)
      options.onSecure(socket, raw)
    })
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      const raw = rawOf(socket)
      if (this.#inProgress.delete(raw)) options.onFailed(raw, error)
      socket.destroy()
    })
  }

  get count(): number {
    return this.#inProgress.size
  }

  /** For those that begin from now on. */
  setContext(context: SecureContextOptions): void {
    this.#server.setSecureContext(context)
  }

  begin(raw: Socket): void {
    this.#inProgress.add(raw)
    if (this.#inProgress.size > this.#options.max) {
      const [oldest] = this.#inProgress
      this.#inProgress.delete(oldest as Socket)
      this.#options.onExceeded(oldest as Socket)
      oldest?.destroy()
    }
    this.#server.emit('connection', raw)
  }

  /** Ends them all. */
  close(): void {
    for (const raw of this.#inProgress) raw.destroy()
    this.#inProgress.clear()
  }
}

/** The TCP connection that a TLS one was made on; Node names it, but not in its documentation. */
function rawOf(socket: TLSSocket): Socket {
  return (socket as unknown as { readonly _parent?: Socket })._parent ?? socket
}
