/**
 * The packets that authenticate a client: auth, and SASL's tokens. Both are answered immediately,
 * ahead of requests in flight, with zxid 0. Neighbours: connection, sasl/*.
 */
import { type AuthId, SUPER_ID, ZK_ERRORS } from '../lib/internal.ts'
import {
  encodeErrorReply,
  encodeReply,
  encodeSaslFailure,
} from '../lib/protocol/wire/encode-reply.ts'
import type { ClientConnection } from './host.ts'
import { DigestMd5Exchange, SaslFailure } from './sasl/digest-md5.ts'

export class Authentication {
  readonly #connection: ClientConnection
  #exchange: DigestMd5Exchange | undefined

  constructor(connection: ClientConnection) {
    this.#connection = connection
  }

  auth(xid: number, scheme: string, auth: Uint8Array | null): void {
    const { server, session, writer, name } = this.#connection
    const isProven = scheme === 'x509' ? this.#hasCertificate : this.#proves(scheme, auth)
    if (isProven) {
      encodeErrorReply(writer, xid, 0, 0)
      this.#connection.replied()
      return
    }
    server.stats.authFailed++
    const fields = { client: name, scheme, identities: session?.ids.length ?? 0 }
    server.logger.warn(fields, 'authentication failed: client disconnected')
    this.#connection.refuse(xid, 0, ZK_ERRORS.AUTH_FAILED.errno)
  }

  #proves(scheme: string, auth: Uint8Array | null): boolean {
    const { session } = this.#connection
    return auth !== null && this.#hasRoom && session?.authenticate(scheme, auth) === true
  }

  /** The handshake has proven its id already. */
  get #hasCertificate(): boolean {
    return this.#connection.initialIds.some((own) => own.scheme === 'x509')
  }

  /** Each identity costs every later check of an ACL. */
  get #hasRoom(): boolean {
    const { server, session } = this.#connection
    return (session?.ids.length ?? 0) < server.options.identitiesMax
  }

  /** One step of the exchange (H12). */
  sasl(xid: number, token: Uint8Array | null): void {
    const { server, session, writer, name } = this.#connection
    if (token === null) return this.#connection.close()
    const { saslUsers, saslSuperUser } = server.options
    if (saslUsers.size === 0) {
      // So answers a ZooKeeper without SASL configured.
      encodeReply(writer, xid, 0, { type: 'sasl', token: null })
      return this.#connection.replied()
    }
    this.#exchange ??= new DigestMd5Exchange(saslUsers)
    try {
      const { token: answer, user } = this.#exchange.step(token)
      if (user !== undefined) {
        const proven: AuthId[] = [{ scheme: 'sasl', id: user }]
        if (user === saslSuperUser) proven.push(SUPER_ID)
        session?.addIds(proven)
      }
      encodeReply(writer, xid, 0, { type: 'sasl', token: answer })
      this.#connection.replied()
    } catch (error) {
      if (!(error instanceof SaslFailure)) throw error
      server.stats.authFailed++
      server.logger.warn(
        { client: name, reason: error.message },
        'SASL authentication failed: client disconnected',
      )
      encodeSaslFailure(writer, xid, ZK_ERRORS.AUTH_FAILED.errno)
      this.#connection.replied()
      this.#connection.close()
    }
  }
}
