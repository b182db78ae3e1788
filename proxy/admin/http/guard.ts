/**
 * Who may change something, or see what others store. Credentials are a digest super user's, as ZooKeeper 3.9 takes them for its
 * snapshot command, or an admin token. A browser sends what it remembers with any page's requests, so those of other pages are
 * refused, and those to a name that is not known here. Neighbours: the routes, admin-server.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { DigestScheme, type Logger, SUPER_ID } from '../../../lib/internal.ts'
import { addressOf } from '../../admission.ts'
import type { Guesses } from '../../auth/guesses.ts'
import { type Call, HttpError } from './call.ts'
import type { AdminOptions } from './options.ts'

type GuardOptions = Pick<
  AdminOptions,
  'superDigests' | 'digestAlgorithm' | 'token' | 'hostNames' | 'host'
>

const CHALLENGE = { 'www-authenticate': 'Basic realm="anykeeper", Bearer realm="anykeeper"' }

export class Guard {
  readonly #options: GuardOptions
  readonly #logger: Logger
  readonly #digest: DigestScheme
  readonly #guesses: Guesses
  /** Requests that were refused: without credentials, with wrong ones, or from another page. */
  refused = 0

  constructor(options: GuardOptions, logger: Logger, guesses: Guesses) {
    this.#options = options
    this.#guesses = guesses
    this.#logger = logger
    this.#digest = new DigestScheme({ digestAlgorithm: options.digestAlgorithm })
  }

  /** @throws {HttpError} 401: who it is is not said; 403: it may not; 429: its address has guessed too often */
  check(call: Call): void {
    try {
      this.#checkPage(call)
      this.#checkCredentials(call)
    } catch (error) {
      this.refused++
      const { remoteAddress } = call.request.socket
      const reason = (error as Error).message
      this.#logger.warn({ client: remoteAddress, path: call.path, reason }, 'admin request refused')
      throw error
    }
  }

  /** @throws {HttpError} 403: a browser came here under a name of somebody else (DNS rebinding) */
  checkName(call: Call): void {
    const name = nameOf(call.header('host') ?? '')
    if (this.#isKnownName(name)) return
    this.refused++
    throw unknownName(name)
  }

  #checkPage(call: Call): void {
    const origin = call.header('origin')
    const site = call.header('sec-fetch-site')
    if (origin === undefined && site === undefined) return
    const host = call.header('host') ?? ''
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new HttpError(403, 'Requests of other pages are refused.')
    }
    if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) {
      throw new HttpError(
        403,
        `Requests of pages of ${origin} are refused: this one came to ${host}. A proxy in front must leave the header Host as it is.`,
      )
    }
    const name = nameOf(host)
    if (!this.#isKnownName(name)) throw unknownName(name)
  }

  /** A name of somebody else can lead here (DNS rebinding); an address cannot. */
  #isKnownName(name: string): boolean {
    const { hostNames, host } = this.#options
    if (isIP(name) !== 0 || name === 'localhost' || name === host) return true
    return hostNames.some((known) => known.toLowerCase() === name)
  }

  #checkCredentials(call: Call): void {
    const superDigests = this.#options.superDigests()
    this.#digest.setSuperDigests(superDigests)
    const token = this.#options.token()
    if (superDigests.length === 0 && token === undefined) {
      throw new HttpError(
        403,
        'Nobody may: start the server with --admin-token-file or --super-digest.',
      )
    }
    const header = call.header('authorization')
    if (header === undefined) {
      throw new HttpError(401, 'Auth info is missing for the command', CHALLENGE)
    }
    const address = addressOf(call.request.socket)
    if (this.#guesses.throttles(address)) {
      throw new HttpError(429, 'Too many wrong credentials from this address: try again later.')
    }
    const [scheme = '', credentials = ''] = header.split(/ +(.*)/s)
    switch (scheme.toLowerCase()) {
      case 'digest':
        return this.#checkUser(Buffer.from(credentials), address)
      case 'basic':
        return this.#checkUser(Buffer.from(credentials, 'base64'), address)
      case 'bearer':
        if (token !== undefined && isSame(credentials.trim(), token)) return
        this.#guesses.failed(address)
        throw new HttpError(403, 'The token is not the one of this server.')
      default:
        throw new HttpError(
          401,
          'Not authenticated: expected Authorization: digest user:password, Basic, or Bearer.',
          CHALLENGE,
        )
    }
  }

  #checkUser(credentials: Uint8Array, address: string): void {
    if (this.#digest.idsOf(credentials)?.includes(SUPER_ID) !== true) {
      this.#guesses.failed(address)
      throw new HttpError(403, 'This user may not: only a super user may.')
    }
  }
}

const unknownName = (name: string): HttpError =>
  new HttpError(
    403,
    `This server is not known as ${name}: name it with --admin-host-names, or use its address.`,
  )

/** In a time that does not depend on where they differ. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(one), hash(other))
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}

/** Without the port and the brackets of an IPv6 address. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
}
