/**
 * What a store logs in with. Files are read again: user and password for each log-in, certificates when they change. Log-ins that
 * are refused are said once, and not repeated at full speed. Neighbours: tls-files.ts, url-credentials.ts, etcd, redis.
 */

import { inspect } from 'node:util'
import type { Clock } from '../../lib/base/clock.ts'
import { type Logger, silentLogger } from '../../lib/base/log.ts'
import { reasonOf } from '../../lib/base/reason-of.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { readSecretLine } from './secret-file.ts'
import { type TlsBytes, TlsFiles } from './tls-files.ts'

/** As in the store's URL. */
export interface CredentialSources {
  readonly username?: string
  readonly password?: string
  /** Paths of files of one line. */
  readonly userFile?: string
  readonly passwordFile?: string
  /** Paths of PEM files. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** What a log-in is sent with. `username` undefined: the default user. */
export interface Login {
  readonly username: string | undefined
  readonly password: string
}

export interface CredentialsOptions {
  /** Name of the store, for messages. */
  readonly store: 'etcd' | 'redis'
  readonly sources: CredentialSources
  readonly clock: Clock
  readonly logger?: Logger
  /** Pause between two looks at the files of certificates. Unit: ms. @default 2000 */
  readonly reloadMs?: number
}

/** In the message of a log-in that was refused. */
export const REFUSES = 'refuses user or password'

/** After a refusal the same credentials are sent again so late; doubles up to the maximum. Unit: ms. */
const REFUSED_PAUSE_MS = 500
const REFUSED_PAUSE_MS_MAX = 5_000
/** A shorter one is not looked for in messages: it would be found everywhere. Unit: characters. */
const SCRUBBED_LENGTH_MIN = 4
const RELOAD_MS = 2_000

interface Refusal {
  readonly key: string
  readonly error: StoreError
  readonly pauseMs: number
  readonly untilMs: number
}

export class Credentials {
  readonly #options: CredentialsOptions
  readonly #logger: Logger
  readonly #tls: TlsFiles | undefined
  /** As they were read last, and as they were accepted last. */
  #read: Login | undefined
  #accepted: Login | undefined
  #refusal: Refusal | undefined
  #isUnreadableSaid = false
  #aheadSaid: string | undefined

  constructor(options: CredentialsOptions) {
    this.#options = options
    const { sources, store, clock, logger = silentLogger, reloadMs = RELOAD_MS } = options
    this.#logger = logger
    const { ca, cert, key } = sources
    if (ca === undefined && cert === undefined) return
    this.#tls = new TlsFiles({ store, files: { ca, cert, key }, clock, logger, reloadMs })
  }

  /** To be awaited before anything else. @throws {StoreError} STORE_INVALID when a file cannot be used */
  async load(): Promise<void> {
    await this.#tls?.load()
    this.#read = await this.#current()
  }

  /** The certificates for a new connection; undefined: none are named. */
  get tls(): TlsBytes | undefined {
    return this.#tls?.bytes
  }

  /** Counts up whenever {@link tls} changes. */
  get generation(): number {
    return this.#tls?.generation ?? 0
  }

  /** Is there anything to log in with? */
  get hasLogin(): boolean {
    return this.#read !== undefined
  }

  /**
   * Logs in with what the files say now. Where that is refused, with what was accepted before: the file may be ahead of the
   * server. `send` rejects with STORE_UNAUTHENTICATED only when the server has refused user or password.
   * @throws {StoreError} what `send` rejects with; the same STORE_UNAUTHENTICATED as before while nothing has changed
   */
  async logIn<T>(send: (login: Login) => Promise<T>): Promise<T> {
    const login = await this.#now()
    const key = keyOf(login)
    const refusal = this.#refusal
    if (refusal?.key === key && this.#options.clock.monotonic() < refusal.untilMs) {
      throw refusal.error
    }
    const before = this.#accepted
    const isAnother = before !== undefined && keyOf(before) !== key
    let refused: StoreError | undefined
    // The last time because the server may have been changed between the first two.
    for (const tried of isAnother ? [login, before, login] : [login]) {
      try {
        const answer = await send(tried)
        if (tried === login) this.#wasAccepted(login)
        else this.#isAhead(key)
        return answer
      } catch (cause) {
        if (!isRefusal(cause)) throw cause
        refused ??= cause
      }
    }
    throw this.#wasRefused(key, refused as StoreError)
  }

  /**
   * `error` as it may be logged: a server, or what is in front of it, may repeat what it was sent. `secret`: another one beside
   * the password.
   */
  clean(error: StoreError, secret?: string): StoreError {
    const { code, message, outcome, cause } = error
    const shown = this.#scrub(message, secret)
    const shownCause = textOf(cause)
    if (shown === message && this.#scrub(shownCause, secret) === shownCause) return error
    return new StoreError(code, shown, { outcome, retriable: error.retriable })
  }

  /** Without the password, as it is and percent-encoded. */
  #scrub(text: string, ...secrets: (string | undefined)[]): string {
    let clean = text
    for (const secret of [this.#read?.password, this.#accepted?.password, ...secrets]) {
      if (secret === undefined || secret.length < SCRUBBED_LENGTH_MIN) continue
      for (const form of [secret, encodeURIComponent(secret)]) clean = clean.replaceAll(form, '…')
    }
    return clean
  }

  close(): void {
    this.#tls?.close()
  }

  async #current(): Promise<Login | undefined> {
    const { username, password, userFile, passwordFile } = this.#options.sources
    const user = userFile === undefined ? username : await readSecretLine('userFile', userFile)
    const secret =
      passwordFile === undefined ? password : await readSecretLine('passwordFile', passwordFile)
    return secret === undefined ? undefined : { username: user, password: secret }
  }

  /** A file that cannot be read now, as while it is replaced, changes nothing. */
  async #now(): Promise<Login> {
    try {
      this.#read = await this.#current()
      this.#isUnreadableSaid = false
    } catch (error) {
      if (this.#read === undefined) throw error
      if (!this.#isUnreadableSaid) {
        const reason = reasonOf(error)
        this.#logger.warn({ reason }, 'the store’s user or password cannot be read again')
      }
      this.#isUnreadableSaid = true
    }
    return this.#read!
  }

  /** The file has what the server does not accept, or not yet. */
  #isAhead(key: string): void {
    if (this.#aheadSaid === key) return
    this.#aheadSaid = key
    const message = 'the store accepts only the credentials that the files had before'
    this.#logger.warn({ store: this.#options.store }, message)
  }

  #wasAccepted(login: Login): void {
    this.#aheadSaid = undefined
    if (this.#refusal !== undefined) {
      this.#logger.info({ store: this.#options.store }, 'the store accepts the credentials again')
    } else if (this.#accepted !== undefined && keyOf(this.#accepted) !== keyOf(login)) {
      this.#logger.info({ store: this.#options.store }, 'the store accepts the new credentials')
    }
    this.#refusal = undefined
    this.#accepted = login
  }

  #wasRefused(key: string, cause: StoreError): StoreError {
    const { store, sources, clock } = this.#options
    const before = this.#refusal
    const files = [sources.userFile, sources.passwordFile].filter((path) => path !== undefined)
    const remedy =
      files.length === 0
        ? 'the store’s URL has a fixed password: start again with the right one, or name a passwordFile'
        : `write the right ones to ${files.join(' and ')}: it is read again`
    const message = `${store} ${REFUSES}; ${remedy} (${this.#scrub(cause.message)})`
    const pauseMs =
      before?.key === key ? Math.min(before.pauseMs * 2, REFUSED_PAUSE_MS_MAX) : REFUSED_PAUSE_MS
    // What was accepted once may be so again: somebody is changing it.
    const retriable = this.#accepted !== undefined
    const error = new StoreError('STORE_UNAUTHENTICATED', message, { retriable })
    // One that was sent before the files changed says nothing about what they have now.
    if (this.#read === undefined || keyOf(this.#read) !== key) return error
    this.#refusal = { key, error, pauseMs, untilMs: clock.monotonic() + pauseMs }
    if (before?.key !== key && this.#accepted !== undefined) {
      this.#logger.error({ reason: message }, 'the store refuses the credentials')
    }
    return error
  }
}

/** What a log line shows of it. */
function textOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return `${cause.stack} ${inspect(cause, { depth: 8 })} ${textOf(cause.cause ?? '')}`
}

const keyOf = ({ username, password }: Login): string => JSON.stringify([username, password])

const isRefusal = (error: unknown): error is StoreError =>
  error instanceof StoreError && error.code === 'STORE_UNAUTHENTICATED'
