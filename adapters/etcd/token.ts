/**
 * The token of a log-in at one member. etcd gives it out for some minutes, and takes it back when the user is changed. A call
 * whose token is refused was not looked at, so it is sent again with a new one. It outlives the member's other connections: a
 * log-in costs etcd some 50 ms of computing, on a busy machine seconds, and must not begin again whenever something else is late.
 * Neighbours: member.ts, ../credentials, auth-codec.ts.
 */
import type { Clock } from '../../lib/base/clock.ts'
import { deadline } from '../../lib/base/deadline.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { decodeToken, encodeAuthenticate, lifetimeOf } from './auth-codec.ts'
import { toStoreError, wantsNewToken } from './errors.ts'
import type { UnaryChannel } from './unary-channel.ts'

export interface TokenOptions {
  readonly credentials: Credentials
  readonly clock: Clock
  /** Of its own: it is closed with the token. */
  readonly channel: Pick<UnaryChannel, 'call' | 'close'>
  /** How long a call waits for a log-in. Unit: ms. */
  readonly waitMs: number
}

/** Of one call: on a busy machine a token of a few seconds is old before it is used. */
const TRIES_MAX = 4
/** A log-in that takes longer has failed. Calls wait less. Unit: ms. */
const LOGIN_MS_MAX = 20_000
/** After this part of its lifetime a token is replaced, where that is known, so that no call waits for it. */
const RENEWED_AT = 0.6

export class Token {
  readonly #options: TokenOptions
  #current: Promise<string> | undefined
  /** Of the newest log-in; never to be shown. */
  #text: string | undefined
  #cancelRenewal = (): void => {}

  constructor(options: TokenOptions) {
    this.#options = options
  }

  /**
   * Runs `call` with a token, or without where there is nothing to log in with. `untilMs`: ms since 1970; the wait for a log-in ends then.
   * @throws {StoreError} that shows no secret
   */
  async authorize<T>(
    call: (token: string | undefined) => Promise<T>,
    untilMs = Date.now() + this.#options.waitMs,
  ): Promise<T> {
    const { credentials } = this.#options
    if (!credentials.hasLogin) return call(undefined)
    try {
      for (let attempt = 1; ; attempt++) {
        this.#current ??= this.#logIn()
        const current = this.#current
        const token = await this.#within(current, untilMs)
        try {
          return await call(token)
        } catch (cause) {
          const error = toStoreError(cause)
          if (!wantsNewToken(error)) throw error
          if (this.#current === current) this.#current = undefined
          if (attempt === TRIES_MAX) throw error
        }
      }
    } catch (error) {
      throw credentials.clean(toStoreError(error), this.#text)
    }
  }

  /** A stream's was refused. */
  forget(): void {
    this.#current = undefined
  }

  close(): void {
    this.#cancelRenewal()
    this.#options.channel.close()
  }

  #logIn(): Promise<string> {
    const { credentials, channel } = this.#options
    const current = credentials.logIn(async (login) => {
      const answer = await channel.call(
        '/etcdserverpb.Auth/Authenticate',
        encodeAuthenticate(login),
        { deadline: Date.now() + LOGIN_MS_MAX, token: undefined },
      )
      return decodeToken(answer)
    })
    current.then(
      (text) => this.#received(text),
      () => {
        if (this.#current === current) this.#current = undefined
      },
    )
    return current
  }

  #received(text: string): void {
    this.#text = text
    this.#cancelRenewal()
    const lifetimeMs = lifetimeOf(text)
    if (lifetimeMs === undefined) return
    this.#cancelRenewal = this.#options.clock.after(lifetimeMs * RENEWED_AT, () => this.#renew())
  }

  /** Calls use the token of before until the new one is there. */
  #renew(): void {
    const before = this.#current
    const next = this.#logIn()
    next.then(
      () => {
        if (this.#current === before) this.#current = next
      },
      () => {},
    )
  }

  #within(current: Promise<string>, untilMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const cancel = deadline(this.#options.clock, Math.max(0, untilMs - Date.now()), () =>
        reject(new StoreError('STORE_TIMEOUT', 'etcd: no answer to a log-in')),
      )
      current.finally(cancel).then(resolve, reject)
    })
  }
}
