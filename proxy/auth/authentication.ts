/**
 * The packets that authenticate a client: auth, and SASL's tokens. Both are answered
 * ahead of requests in flight, with zxid 0; requests behind an auth packet wait for its answer.
 * Neighbours: dispatcher, auth-providers, sasl/*.
 */
import { TLSSocket } from 'node:tls'
import { type AuthId, SUPER_ID, ZK_ERRORS } from '../../lib/internal.ts'
import {
  encodeErrorReply,
  encodeReply,
  encodeSaslFailure,
} from '../../lib/protocol/wire/encode-reply.ts'
import type { ClientConnection } from '../host.ts'
import { DigestMd5Exchange, SaslFailure } from '../sasl/digest-md5.ts'
import type { Throttle } from '../throttle.ts'
import type { Proven } from './auth-providers.ts'

const NOTHING: readonly AuthId[] = []

export class Authentication {
  readonly #connection: ClientConnection
  readonly #throttle: Throttle
  #exchange: DigestMd5Exchange | undefined

  constructor(connection: ClientConnection, throttle: Throttle) {
    this.#connection = connection
    this.#throttle = throttle
  }

  auth(xid: number, scheme: string, auth: Uint8Array | null): void {
    if (auth !== null && this.#isGuess(scheme, auth) && this.#isThrottled()) return
    const proven = this.#provenBy(scheme, auth)
    if (!(proven instanceof Promise)) return this.#answer(xid, scheme, proven)
    // Neither with the ids of before nor ahead of the answer.
    const release = this.#throttle.block()
    const answered = proven.then((ids) => {
      if (!this.#connection.isClosed) this.#answer(xid, scheme, ids)
      release()
    })
    answered.catch((error: unknown) => this.#connection.broken(error))
  }

  #provenBy(scheme: string, auth: Uint8Array | null): Proven | Promise<Proven> {
    // The handshake has proven its id already.
    if (scheme === 'x509') return this.#hasCertificate ? NOTHING : undefined
    return auth === null || !this.#hasRoom(1) ? undefined : this.#idsOf(scheme, auth)
  }

  get #hasCertificate(): boolean {
    return this.#connection.initialIds.some((own) => own.scheme === 'x509')
  }

  #idsOf(scheme: string, auth: Uint8Array): Proven | Promise<Proven> {
    const { server, session, address, socket } = this.#connection
    const providers = server.options.authProviders
    if (providers?.schemes.includes(scheme) !== true) {
      this.#countDigest(scheme, auth)
      return session?.authenticate(scheme, auth) === true ? NOTHING : undefined
    }
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
    const { clock } = server.keeper
    const gone = new AbortController()
    const proven = providers.authenticate(scheme, auth, { address, certificate, clock, gone })
    const count = (answer: Proven) => {
      if (answer === undefined) server.guesses.failed(address)
      return answer
    }
    if (!(proven instanceof Promise)) return count(proven)
    const abort = () => gone.abort()
    socket.once('close', abort)
    return proven.then(count).finally(() => socket.off('close', abort))
  }

  /** May the answer say whether a password is right? Any other digest is right: it proves the identity that it makes. */
  #isGuess(scheme: string, auth: Uint8Array): boolean {
    const { keeper, options } = this.#connection.server
    if (scheme === 'digest') return keeper.digest.namesSuperUser(auth)
    return options.authProviders?.schemes.includes(scheme) === true
  }

  #countDigest(scheme: string, auth: Uint8Array): void {
    const { server, address } = this.#connection
    const { digest } = server.keeper
    if (scheme !== 'digest' || !digest.namesSuperUser(auth)) return
    if (digest.idsOf(auth)?.includes(SUPER_ID) === false) server.guesses.failed(address)
  }

  /** Closes without an answer, after which a client tries again: AUTHFAILED would be for good. */
  #isThrottled(): boolean {
    const { server, address, name } = this.#connection
    if (!server.guesses.throttles(address)) return false
    const text = 'too many wrong passwords from this address: client disconnected'
    server.logger.warn({ client: name }, text)
    this.#connection.close()
    return true
  }

  #answer(xid: number, scheme: string, proven: Proven): void {
    const { server, session, writer, name } = this.#connection
    if (typeof proven === 'object' && this.#hasRoom(proven.length)) {
      session?.addIds(proven)
      encodeErrorReply(writer, xid, 0, 0)
      this.#connection.replied()
      return
    }
    server.stats.authFailed++
    const fields = { client: name, scheme: shown(scheme), identities: session?.ids.length ?? 0 }
    server.logger.warn(fields, 'authentication failed: client disconnected')
    this.#connection.refuse(xid, 0, ZK_ERRORS.AUTH_FAILED.errno)
  }

  /** Each identity costs every later check of an ACL. */
  #hasRoom(more: number): boolean {
    const { server, session } = this.#connection
    return (session?.ids.length ?? 0) + more <= server.options.identitiesMax
  }

  /** One step of the exchange (H12). */
  sasl(xid: number, token: Uint8Array | null): void {
    const { server, session, writer, name, address } = this.#connection
    if (token === null) return this.#connection.close()
    const { options } = server
    if (options.saslUsers.size === 0) {
      // So answers a ZooKeeper without SASL configured.
      encodeReply(writer, xid, 0, { type: 'sasl', token: null })
      return this.#connection.replied()
    }
    if (this.#isThrottled()) return
    this.#exchange ??= new DigestMd5Exchange(() => server.options.saslUsers)
    try {
      const { token: answer, user } = this.#exchange.step(token)
      if (user !== undefined) session?.addIds(this.#provenBySasl(user))
      encodeReply(writer, xid, 0, { type: 'sasl', token: answer })
      this.#connection.replied()
    } catch (error) {
      if (!(error instanceof SaslFailure)) throw error
      server.stats.authFailed++
      server.guesses.failed(address)
      this.#saslFailed(xid, { client: name, reason: error.message })
    }
  }

  #provenBySasl(user: string): readonly AuthId[] {
    const { saslSuperUsers, anySaslUser } = this.#connection.server.options
    let matches: AuthId['matches']
    // Source: SASLAuthenticationProvider.matches.
    if (user === 'super') matches = () => true
    else if (anySaslUser !== undefined) matches = (idInAcl) => idInAcl === anySaslUser
    const proven = { scheme: 'sasl', id: user, ...(matches && { matches }) }
    return saslSuperUsers.includes(user) ? [proven, SUPER_ID] : [proven]
  }

  #saslFailed(xid: number, fields: { readonly client: string; readonly reason: string }): void {
    const { server, writer } = this.#connection
    const { allowSaslFailedClients, enforcedSchemes } = server.options
    const isRequired = enforcedSchemes.includes('sasl')
    if (allowSaslFailedClients && !isRequired) {
      server.logger.warn(fields, 'SASL authentication failed: the client may stay without it')
      encodeReply(writer, xid, 0, { type: 'sasl', token: null })
      return this.#connection.replied()
    }
    server.logger.warn(fields, 'SASL authentication failed: client disconnected')
    const { AUTH_FAILED, SESSION_CLOSED_REQUIRE_SASL_AUTH: required } = ZK_ERRORS
    encodeSaslFailure(writer, xid, (isRequired ? required : AUTH_FAILED).errno)
    this.#connection.replied()
    this.#connection.close()
  }
}

/** A client may send credentials where the scheme belongs, or a megabyte. */
function shown(scheme: string): string {
  return /^[\w.-]{1,64}$/.test(scheme) ? scheme : 'not readable'
}
