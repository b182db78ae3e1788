/**
 * One member of the cluster: its connections and its RPCs. Of the driver only connections and typed RPCs
 * are used: its retries, breaker and random member per call are off. Neighbour: members.ts, which chooses.
 */
import { Etcd3, type ICallable, type IDuplexStream, LeaseClient } from 'etcd3'
import { systemClock } from '../../lib/base/clock.ts'
import { noPolicy } from './no-policy.ts'
import { decodeRangeAnswer, type RangeAnswer } from './range-codec.ts'
import { decodeStatus, type MemberStatus } from './status-codec.ts'
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
  /** Its place in the list of hosts. */
  readonly index: number
  readonly leaseStreams: LeaseClient
  readonly #withLeader: ICallable<unknown>
  readonly #channel: UnaryChannel
  readonly #hasAuth: boolean
  #token: Promise<string | undefined> | undefined

  constructor(index: number, options: ConnectionOptions) {
    const host = options.hosts[index]!
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
        // A cluster that is back is to be seen soon: heartbeats wait for it.
        'grpc.max_reconnect_backoff_ms': 500,
      },
      defaultCallOptions: (context) =>
        context.isStream ? {} : { deadline: Date.now() + loginTimeoutMs },
    })
    this.index = index
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

  /** Maintenance.Status without the driver, which does not know its newer fields. @throws {StoreError} */
  async callStatus(options: CallOptions): Promise<MemberStatus> {
    const path = '/etcdserverpb.Maintenance/Status'
    return decodeStatus(await this.#call(path, Buffer.alloc(0), options))
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

  /** The driver's token. An outdated one is dropped with its member: see Members.failed. */
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
