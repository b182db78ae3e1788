/**
 * TLS for the ports that speak HTTP: certificates of their own, taken into use when their files change. Neighbours: http-listener (serves),
 * admin-server, tls/key-store (reads the files).
 */
import { constants } from 'node:crypto'
import type { Server } from 'node:http'
import { createServer } from 'node:https'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import { type Clock, checkNames, type Logger } from '../../../lib/internal.ts'
import { addressOf } from '../../admission.ts'
import type { KeyMaterial } from '../../tls/key-material.ts'
import { KeyStore } from '../../tls/key-store.ts'
import type { KnownSecureOptions } from '../../tls/options.ts'
import { handshakeReason, verificationReason } from '../../tls/refusal.ts'
import { checkSecureOptions, contextOf, invalid, knownOptions } from '../../tls/secure-context.ts'
import type { AdminOptions, AdminTlsOptions } from './options.ts'

/** With authorities nobody comes in without a certificate of theirs. */
const secureOf = (options: AdminTlsOptions): KnownSecureOptions => {
  checkNames(options, ['files', 'reload'], invalid)
  const { files, reload } = options
  return knownOptions({
    files,
    port: 0,
    clientAuth: files.ca === undefined ? 'none' : 'need',
    ...(reload !== undefined && { reload }),
  })
}

/**
 * Reads the files, as a start does.
 * @throws {TlsError} they cannot be used; the message says why and what to do
 */
export function checkAdminTls(options: AdminTlsOptions): void {
  checkSecureOptions(secureOf(options))
}

export class AdminTls {
  /** Clients that did not come in. */
  handshakesFailed = 0
  readonly keyStore: KeyStore
  readonly #secure: KnownSecureOptions
  readonly #logger: Logger
  readonly #servers: ReturnType<typeof createServer>[] = []
  #material: KeyMaterial | undefined

  /** @throws {TlsError} the files cannot be used */
  constructor(options: AdminTlsOptions, clock: Clock, logger: Logger) {
    this.#secure = secureOf(options)
    this.#logger = logger
    this.keyStore = new KeyStore({
      secure: this.#secure,
      clock,
      logger,
      port: 'admin port',
      apply: (material) => this.#apply(material),
    })
  }

  readonly createServer: AdminOptions['createServer'] = (options, listener) => {
    const server = createServer(
      {
        ...options,
        ...this.#contextOf(this.#material as KeyMaterial),
        requestCert: this.#secure.clientAuth !== 'none',
        rejectUnauthorized: true,
        handshakeTimeout: options.requestTimeout ?? this.#secure.handshakeTimeoutMs,
      },
      listener,
    )
    server.on('tlsClientError', (error, socket) => this.#failed(error, socket))
    this.#servers.push(server)
    // It has all that one of node:http has, and the types do not say so.
    return server as unknown as Server
  }

  close(): void {
    this.keyStore.close()
  }

  /** A TLS session that is resumed is not verified again, and may outlive its certificate: here none is. */
  #contextOf(material: KeyMaterial): SecureContextOptions {
    const context = contextOf(this.#secure, material)
    const secureOptions = (context.secureOptions ?? 0) | constants.SSL_OP_NO_TICKET
    return { ...context, secureOptions }
  }

  #apply(material: KeyMaterial): void {
    const context = this.#contextOf(material)
    for (const server of this.#servers) server.setSecureContext(context)
    this.#material = material
  }

  #failed(error: Error, socket: TLSSocket): void {
    this.handshakesFailed++
    const { authorizationError: unverified } = socket
    const reason = unverified ? verificationReason(String(unverified)) : handshakeReason(error)
    const fields = { client: addressOf(socket), reason }
    this.#logger.warn(fields, 'admin port: TLS handshake failed, client disconnected')
  }
}
