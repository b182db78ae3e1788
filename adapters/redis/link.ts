/**
 * One connection to the server, made when it is needed and again after it was lost. Of the driver
 * only protocol and sockets are used: it queues, repeats and reconnects nothing, so it is known of
 * every command whether it was sent. Neighbours: driver.ts, errors.ts, redis-store.ts.
 */
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Redis, RedisOptions } from 'ioredis'
import type { Clock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { Ioredis } from './driver.ts'
import { isScriptMissing, notConnected, toStoreError } from './errors.ts'
import { pauseAfter } from './pause.ts'
import type { Script } from './scripts.ts'

export interface ServerOptions {
  readonly host: string
  readonly port: number
  /** @default 0 */
  readonly db?: number
  /** rediss: with the system's authorities unless the credentials have others. */
  readonly tls?: TlsOptions
}

export interface LinkOptions extends ServerOptions {
  readonly driver: Ioredis
  readonly credentials: Credentials
  readonly clock: Clock
  /** Bound from the first packet to the end of the log-in. Unit: ms. */
  readonly connectTimeoutMs: number
}

/** A bulk string. */
export type Arg = string | Buffer | number

/**
 * Commands on one connection. They are sent when called, not when awaited, and answered in order.
 */
export interface Commands {
  /** Sends a command. Strings of the reply are buffers. */
  command(name: string, ...args: Arg[]): Promise<unknown>
  /** EVALSHA, then EVAL where the server does not have the script: only one of them runs it. */
  script(script: Script, keys: readonly string[], args: readonly Arg[]): Promise<unknown>
}

const KEEPALIVE_MS = 10_000

export class Link {
  readonly #options: LinkOptions
  #redis: Redis | undefined
  #connecting: Promise<Redis> | undefined
  #failures = 0
  readonly #closed = new AbortController()

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /**
   * Runs `use` on the connection, which is made if need be, and ends both at the deadline: an
   * unanswered command would delay all that are behind it.
   * @throws {StoreError} as translated; STORE_TIMEOUT at the deadline; STORE_CLOSED after close()
   */
  async run<T>(timeoutMs: number, use: (commands: Commands) => Promise<T>): Promise<T> {
    const endMs = this.#options.clock.monotonic() + timeoutMs
    const redis = await this.#within(
      timeoutMs,
      this.#connected(),
      () => new StoreError('STORE_TIMEOUT', `redis: not connected within ${timeoutMs} ms`),
    )
    try {
      const leftMs = endMs - this.#options.clock.monotonic()
      return await this.#within(leftMs, use(commandsOf(redis)), () => {
        this.#drop(redis)
        return new StoreError('STORE_TIMEOUT', `redis: no answer within ${timeoutMs} ms`, {
          outcome: 'unknown',
        })
      })
    } catch (cause) {
      const error = toStoreError(cause)
      if (this.#closed.signal.aborted) {
        const { outcome } = error
        throw new StoreError('STORE_CLOSED', 'the store was closed meanwhile', { outcome, cause })
      }
      // By now the host's name may lead to the new primary.
      if (error.code === 'STORE_UNAVAILABLE') this.#drop(redis)
      throw this.#options.credentials.clean(error)
    }
  }

  /** Ends the connection and the commands in flight. */
  close(): void {
    this.#closed.abort()
    if (this.#redis !== undefined) this.#drop(this.#redis)
  }

  #connected(): Promise<Redis> {
    if (this.#closed.signal.aborted) {
      return Promise.reject(new StoreError('STORE_CLOSED', 'the store is closed'))
    }
    if (this.#redis !== undefined) return Promise.resolve(this.#redis)
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #connect(): Promise<Redis> {
    const { driver, clock, connectTimeoutMs } = this.#options
    await pauseAfter(this.#failures, clock, this.#closed.signal)
    const redis = new driver.Redis(driverOptions(this.#options))
    let reason: unknown
    redis.on('error', (error) => {
      reason ??= error
    })
    redis.once('end', () => {
      if (this.#redis === redis) this.#redis = undefined
    })
    try {
      const logIn = redis.connect().then(() => this.#logIn(redis))
      await this.#within(
        connectTimeoutMs,
        logIn,
        () => new StoreError('STORE_TIMEOUT', `redis: no log-in within ${connectTimeoutMs} ms`),
      )
      if (this.#closed.signal.aborted) throw new StoreError('STORE_CLOSED', 'the store is closed')
    } catch (error) {
      this.#failures++
      this.#drop(redis)
      throw this.#options.credentials.clean(notConnected(reason ?? error))
    }
    this.#failures = 0
    this.#redis = redis
    return redis
  }

  /** Step by step, without the driver, which would continue in database 0 after a failed SELECT. */
  async #logIn(redis: Redis): Promise<void> {
    const { credentials, db = 0 } = this.#options
    if (credentials.hasLogin) {
      await credentials.logIn(({ username, password }) => {
        const user = username === undefined ? [] : [username]
        return redis.call('AUTH', ...user, password).catch((error: unknown) => {
          throw toStoreError(error)
        })
      })
    }
    if (db !== 0) await redis.call('SELECT', db)
    // Shown by CLIENT LIST; some servers forbid it.
    await redis.call('CLIENT', 'SETNAME', 'anykeeper').catch(() => {})
  }

  #drop(redis: Redis): void {
    if (this.#redis === redis) this.#redis = undefined
    redis.disconnect()
    // The server may never answer the end of the connection.
    redis.stream?.destroy()
  }

  /**
   * `promise`, or rejects with `late()` after `ms`. A process that was stopped for a while first
   * reads the answers that have arrived, before anything counts as late.
   */
  #within<T>(ms: number, promise: Promise<T>, late: () => StoreError): Promise<T> {
    return new Promise((resolve, reject) => {
      let isSettled = false
      const cancel = this.#options.clock.after(ms, () => {
        setImmediate(() => {
          if (!isSettled) reject(late())
        })
      })
      const settled = (): void => {
        isSettled = true
        cancel()
      }
      promise.finally(settled).then(resolve, reject)
    })
  }
}

function driverOptions(options: LinkOptions): RedisOptions {
  const { host, port, tls, credentials, connectTimeoutMs } = options
  return {
    host,
    port,
    // Read for each connection: the newest certificates.
    ...(tls && { tls: { ...tls, ...credentials.tls } }),
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    keepAlive: KEEPALIVE_MS,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableReadyCheck: false,
    disableClientInfo: true,
  }
}

function commandsOf(redis: Redis): Commands {
  const command = (name: string, ...args: Arg[]): Promise<unknown> =>
    redis.callBuffer(name, ...args)
  return {
    command,
    async script({ source, sha }, keys, args) {
      try {
        return await command('EVALSHA', sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!isScriptMissing(error)) throw error
        return command('EVAL', source, keys.length, ...keys, ...args)
      }
    },
  }
}
