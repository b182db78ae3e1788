/**
 * The token of a log-in. etcd gives it out for some minutes, and takes it back when the user is changed. A call whose token is
 * refused was not looked at, so it is sent again with a new one. Neighbours: member.ts, ../credentials, auth-codec.ts.
 */
import type { Credentials } from '../credentials/credentials.ts'
import { decodeToken, encodeAuthenticate } from './auth-codec.ts'
import { toStoreError, wantsNewToken } from './errors.ts'

/** Sends an AuthenticateRequest. */
type Authenticate = (request: Buffer) => Promise<Buffer>

/** Of one call: on a busy machine a token of a few seconds is old before it is used. */
const TRIES_MAX = 4

export class Token {
  readonly #credentials: Credentials
  readonly #authenticate: Authenticate
  #current: Promise<string> | undefined
  /** Of the newest log-in; never to be shown. */
  #text: string | undefined

  constructor(credentials: Credentials, authenticate: Authenticate) {
    this.#credentials = credentials
    this.#authenticate = authenticate
  }

  /** Runs `call` with a token, or without where there is nothing to log in with. @throws {StoreError} that shows no secret */
  async authorize<T>(call: (token: string | undefined) => Promise<T>): Promise<T> {
    if (!this.#credentials.hasLogin) return call(undefined)
    for (let attempt = 1; ; attempt++) {
      try {
        const current = this.#logIn()
        const token = await current
        try {
          return await call(token)
        } catch (cause) {
          const error = toStoreError(cause)
          if (!wantsNewToken(error)) throw error
          if (this.#current === current) this.#current = undefined
          if (attempt === TRIES_MAX) throw error
        }
      } catch (error) {
        throw this.#credentials.clean(toStoreError(error), this.#text)
      }
    }
  }

  /** A stream's was refused. */
  forget(): void {
    this.#current = undefined
  }

  /** One log-in at a time. */
  #logIn(): Promise<string> {
    if (this.#current !== undefined) return this.#current
    const current = this.#credentials.logIn(async (login) =>
      decodeToken(await this.#authenticate(encodeAuthenticate(login))),
    )
    this.#current = current
    current.then(
      (text) => {
        this.#text = text
      },
      () => {
        if (this.#current === current) this.#current = undefined
      },
    )
    return current
  }
}
