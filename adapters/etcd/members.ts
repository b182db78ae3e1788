/**
 * Connections to the cluster's members; one of them is current until it fails. Of the driver only
 * connections and typed RPCs are used: its retries, breaker and random member per call are off.
 * Neighbours: etcd-store.ts (kv), watch-loop.ts, lease-stream.ts, each with members of its own.
 */
import { Etcd3, type ICallable, type IDuplexStream, LeaseClient } from 'etcd3'
import { systemClock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { isMemberFailure, toStoreError, wantsNewToken } from './errors.ts'
import { noPolicy } from './no-policy.ts'
import { decodeRangeAnswer, type RangeAnswer } from './range-codec.ts'
import { decodeTxnAnswer, type TxnAnswer } from './txn-codec.ts'
import { UnaryChannel } from './unary-channel.ts'
import { decodeWatchAnswer, type WatchAnswer } from './watch-codec.ts'

export interface ConnectionOptions {
  /** `host:port`, or `https://host:port` for TLS with the system's authorities. */
  readonly hosts: readonly string[]
  readonly auth?: { readonly username: string; readonly password: string }
  /** TLS: PEM bytes. */
  readonly credentials?: {
    readonly rootCertificate: Buffer
    readonly privateKey?: Buffer
    readonly certChain?: Buffer
  }
  /** Deadline of the log-in call. Unit: ms. */
  readonly loginTimeoutMs: number
}

/** etcd closes connections that ping more often than every 5 s. Unit: ms. */
const KEEPALIVE_MS = 10_000
const KEEPALIVE_TIMEOUT_MS = 3_000

export interface CallOptions {
  /** ms since 1970. */
  readonly deadline: number
}

/** Bytes of WatchRequests in, WatchResponses out. */
export type WatchDuplex = IDuplexStream<Buffer, WatchAnswer>

const asItIs = (bytes: Buffer): Buffer => bytes

/**
 * One member's RPCs. Streams carry `hasleader`: etcd ends them when the member loses its leader.
 */
export class Member extends Etcd3 {
  readonly host: string
  readonly leaseStreams: LeaseClient
  readonly #withLeader: ICallable<unknown>
  readonly #channel: UnaryChannel
  readonly #hasAuth: boolean
  #token: Promise<string | undefined> | undefined

  constructor(host: string, options: ConnectionOptions) {
    const { auth, credentials, loginTimeoutMs } = options
    super({
      hosts: [host],
      ...(auth === undefined ? {} : { auth }),
      ...(credentials === undefined ? {} : { credentials }),
      faultHandling: { global: noPolicy, host: () => noPolicy },
      grpcOptions: {
        'grpc.max_receive_message_length': -1,
        'grpc.max_send_message_length': -1,
        'grpc.keepalive_time_ms': KEEPALIVE_MS,
        'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
        'grpc.enable_retries': 0,
        'grpc.service_config_disable_resolution': 1,
        // A connection of its own for each client: a large range must not delay a watch.
        'grpc.use_local_subchannel_pool': 1,
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 2_000,
      },
      defaultCallOptions: (context) =>
        context.isStream ? {} : { deadline: Date.now() + loginTimeoutMs },
    })
    this.host = host
    const pool = this.pool
    const withLeader: ICallable<unknown> = {
      callOptionsFactory: pool.callOptionsFactory,
      exec: (service, method, params, callOptions) =>
        pool.exec(service, method, params as object, callOptions),
      withConnection: (service, fn) =>
        pool.withConnection(service, ({ resource, client, metadata }) => {
          const own = metadata.clone()
          own.set('hasleader', 'true')
          return fn({ resource, client, metadata: own })
        }),
      markFailed: (resource, error) => pool.markFailed(resource as never, error),
    }
    this.#withLeader = withLeader
    this.leaseStreams = new LeaseClient(withLeader)
    this.#hasAuth = auth !== undefined
    this.#channel = new UnaryChannel({
      host,
      ...(credentials === undefined ? {} : { credentials }),
      clock: systemClock,
      keepaliveMs: KEEPALIVE_MS,
      keepaliveTimeoutMs: KEEPALIVE_TIMEOUT_MS,
    })
  }

  /** KV.Txn without the driver. @throws {StoreError} */
  async callTxn(request: Buffer, options: CallOptions): Promise<TxnAnswer> {
    return decodeTxnAnswer(await this.#call('/etcdserverpb.KV/Txn', request, options))
  }

  /** KV.Range without the driver. @throws {StoreError} */
  async callRange(request: Buffer, options: CallOptions): Promise<RangeAnswer> {
    return decodeRangeAnswer(await this.#call('/etcdserverpb.KV/Range', request, options))
  }

  /**
   * Opens a stream of Watch.Watch on the driver's connection: encoded WatchRequests in, answers
   * out.
   */
  openWatch(): Promise<WatchDuplex> {
    return this.#withLeader.withConnection('Watch', ({ client, metadata }) =>
      client.makeBidiStreamRequest(
        '/etcdserverpb.Watch/Watch',
        asItIs,
        decodeWatchAnswer,
        metadata,
      ),
    )
  }

  async #call(path: string, request: Buffer, options: CallOptions): Promise<Buffer> {
    const token = this.#hasAuth ? await this.#logIn() : undefined
    return this.#channel.call(path, request, { ...options, token })
  }

  /** The driver's token. An outdated one is dropped with its member: see {@link Members.failed}. */
  #logIn(): Promise<string | undefined> {
    this.#token ??= this.pool.withConnection('KV', ({ metadata }) =>
      metadata.get('token')[0]?.toString(),
    )
    return this.#token.catch((error: unknown) => {
      this.#token = undefined
      throw error
    })
  }

  override close(): void {
    this.#channel.close()
    super.close()
  }
}

/** The members; one is current until it fails. Connections are made on first use. */
export class Members {
  readonly #options: ConnectionOptions
  readonly #members = new Map<string, Member>()
  /** Index of the current member. All processes begin with the first that the operator named. */
  #at = 0
  #closed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#options.hosts.length
  }

  /** @throws {StoreError} STORE_CLOSED */
  current(): Member {
    if (this.#closed) throw new StoreError('STORE_CLOSED', 'the store is closed')
    const host = this.#options.hosts[this.#at]!
    let member = this.#members.get(host)
    if (member === undefined) {
      member = new Member(host, this.#options)
      this.#members.set(host, member)
    }
    return member
  }

  /** The current member is behind, though it answers: the next one is current from now on. */
  suspect(): void {
    this.#at = (this.#at + 1) % this.#options.hosts.length
  }

  /** Chooses the member for later calls, after `member` failed with `error`. */
  failed(member: Member, error: StoreError): void {
    if (wantsNewToken(error)) this.#drop(member)
    else if (isMemberFailure(error) && this.#options.hosts[this.#at] === member.host) {
      this.#at = (this.#at + 1) % this.#options.hosts.length
    }
  }

  /** As {@link failed}, for a stream. A silent stream counts as a dead connection. */
  streamFailed(member: Member, error: StoreError): void {
    if (error.code === 'STORE_TIMEOUT') this.#drop(member)
    this.failed(member, error)
  }

  /**
   * Runs one unary call on the current member. It is sent again only after an outdated token, which
   * etcd refuses before it looks at the request, and when it certainly was not sent before.
   */
  async call<T>(run: (member: Member) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const member = this.current()
      try {
        return await run(member)
      } catch (cause) {
        if (this.#closed) {
          const { outcome } = toStoreError(cause)
          throw new StoreError('STORE_CLOSED', 'the store was closed meanwhile', { outcome, cause })
        }
        const error = toStoreError(cause)
        this.failed(member, error)
        if (error.code === 'STORE_CLOSED') {
          // The store is open: another call dropped this member, before ours was sent or after.
          if (attempt === 1 && error.outcome !== 'unknown') continue
          throw new StoreError('STORE_UNAVAILABLE', 'etcd: the connection was closed meanwhile', {
            outcome: error.outcome,
            cause: error,
          })
        }
        if (attempt > 1 || !wantsNewToken(error)) throw error
      }
    }
  }

  close(): void {
    this.#closed = true
    for (const member of this.#members.values()) member.close()
    this.#members.clear()
  }

  #drop(member: Member): void {
    if (this.#members.get(member.host) === member) this.#members.delete(member.host)
    member.close()
  }
}
