/**
 * Where clients of the secure port, or of a port for both, come in: handshake, verification of the certificate, and the
 * identity that it proves. Every refusal is logged with the client's address and the reason, and counted.
 * Line: server → here → connection. Neighbours: arrivals, handshakes, key-store.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { AuthId, Clock, Faults, Logger } from '../../lib/internal.ts'
import { Arrivals } from './arrivals.ts'
import { identityOf } from './client-identity.ts'
import { Handshakes } from './handshakes.ts'
import type { KeyMaterial } from './key-material.ts'
import { KeyStore } from './key-store.ts'
import type { KnownSecureOptions, SecureOptions } from './options.ts'
import { handshakeReason, verificationReason } from './refusal.ts'
import { contextOf, knownOptions } from './secure-context.ts'

/** Counters of handshakes, part of the server's. */
export interface TlsStats {
  tlsHandshakes: number
  tlsHandshakesFailed: number
  tlsHandshakesExceeded: number
  tlsPlainRefused: number
}

export interface SecureDoorOptions {
  readonly secure: SecureOptions
  readonly clock: Clock
  readonly faults: Faults
  readonly logger: Logger
  readonly stats: TlsStats & { sessionlessDropped: number }
  /** Until the first message is whole. Unit ms. */
  readonly greetingTimeoutMs: number
  /** `raw`: the connection underneath. */
  onSecure(socket: Socket, raw: Socket, ids: readonly AuthId[]): void
  onPlain(socket: Socket): void
}

export class SecureDoor {
  readonly secure: KnownSecureOptions
  readonly keyStore: KeyStore
  readonly #options: SecureDoorOptions
  readonly #arrivals: Arrivals
  readonly #plainAllowed = new WeakSet<Socket>()
  #handshakes: Handshakes | undefined

  /** @throws {TlsError} files or options cannot be used */
  constructor(options: SecureDoorOptions) {
    const { clock, logger, greetingTimeoutMs } = options
    this.#options = options
    this.secure = knownOptions(options.secure)
    this.keyStore = new KeyStore({
      secure: this.secure,
      clock,
      logger,
      apply: (material) => this.#apply(material),
    })
    this.#arrivals = new Arrivals({
      clock,
      timeoutMs: greetingTimeoutMs,
      onTls: (socket) => this.#guard(socket, () => this.#handshakes?.begin(socket)),
      onPlain: (socket) => this.#guard(socket, () => this.#plain(socket)),
      onSilent: (socket) => this.#silent(socket),
    })
  }

  /** Handshakes and connections before it. */
  get handshakesInProgress(): number {
    return this.#handshakes?.count ?? 0
  }

  /** `plainAllowed`: a client may also speak without TLS. */
  accept(socket: Socket, plainAllowed: boolean): void {
    // Whatever fails later is noticed by the close that follows.
    socket.on('error', () => {})
    if (plainAllowed) this.#plainAllowed.add(socket)
    this.#arrivals.add(socket)
  }

  close(): void {
    this.keyStore.close()
    this.#arrivals.close()
    this.#handshakes?.close()
  }

  #apply(material: KeyMaterial): void {
    const context = contextOf(this.secure, material)
    if (this.#handshakes !== undefined) return this.#handshakes.setContext(context)
    const { handshakesMax, handshakeTimeoutMs, clientAuth } = this.secure
    this.#handshakes = new Handshakes({
      context,
      requestCert: clientAuth !== 'none',
      max: handshakesMax,
      timeoutMs: handshakeTimeoutMs,
      onSecure: (socket, raw) => this.#guard(socket, () => this.#verify(socket, raw)),
      onFailed: (raw, error) => this.#guard(raw, () => this.#refuse(raw, handshakeReason(error))),
      onExceeded: (raw) => {
        this.#options.stats.tlsHandshakesExceeded++
        const text =
          'too many TLS handshakes in progress, this one is the oldest: client disconnected'
        this.#options.logger.warn({ client: nameOf(raw) }, text)
      },
    })
  }

  #guard(socket: Socket, run: () => void): void {
    this.#options.faults.run('a TLS handshake', run, () => socket.destroy())
  }

  #verify(socket: TLSSocket, raw: Socket): void {
    const ids = this.#idsOf(socket)
    if (typeof ids === 'string') {
      this.#refuse(raw, ids)
      socket.destroy()
      return
    }
    this.#options.stats.tlsHandshakes++
    this.#options.onSecure(socket, raw, ids)
  }

  /** What the client's certificate proves; text: why it is refused. */
  #idsOf(socket: TLSSocket): AuthId[] | string {
    const { clientAuth, superUser } = this.secure
    if (clientAuth === 'none') return []
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) {
      return clientAuth === 'want' ? [] : 'the client shows no certificate, and one is required'
    }
    if (!socket.authorized) return verificationReason(String(socket.authorizationError))
    // A resumed TLS session is not verified again, and may outlive its certificate.
    if (Date.parse(certificate.validTo) <= this.#options.clock.now()) {
      return verificationReason('CERT_HAS_EXPIRED')
    }
    try {
      return identityOf(certificate, superUser)
    } catch {
      return 'the subject of the client’s certificate cannot be read'
    }
  }

  #plain(socket: Socket): void {
    if (this.#plainAllowed.has(socket)) return this.#options.onPlain(socket)
    this.#options.stats.tlsPlainRefused++
    this.#refuse(socket, 'the client does not speak TLS, and this port takes nothing else')
    socket.destroy()
  }

  #silent(socket: Socket): void {
    this.#options.stats.sessionlessDropped++
    const text = 'no TLS handshake or ConnectRequest in time: client disconnected'
    this.#options.logger.info({ client: nameOf(socket) }, text)
    socket.destroy()
  }

  #refuse(raw: Socket, reason: string): void {
    this.#options.stats.tlsHandshakesFailed++
    const text = 'TLS handshake failed: client disconnected'
    this.#options.logger.warn({ client: nameOf(raw), reason }, text)
  }
}

/** address:port, also of a socket that is closed. */
function nameOf(socket: Socket): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket
  return `${remoteAddress.replace(/^::ffff:/, '')}:${remotePort}`
}
