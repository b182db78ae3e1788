/**
 * One member of the cluster: its connections, its log-in and its RPCs. New connections use the newest certificates.
 * Neighbours: members.ts, which chooses; driver-clients.ts, unary-channel.ts, token.ts.
 */
import type { ClusterClient, KVClient, LeaseClient, MaintenanceClient } from 'etcd3'
import { type Clock, systemClock } from '../../lib/base/clock.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { DriverClients, type WatchDuplex } from './driver-clients.ts'
import { decodeRangeAnswer, type RangeAnswer } from './range-codec.ts'
import { decodeStatus, type MemberStatus } from './status-codec.ts'
import { Token } from './token.ts'
import { decodeTxnAnswer, type TxnAnswer } from './txn-codec.ts'
import { UnaryChannel } from './unary-channel.ts'

export interface ConnectionOptions {
  /** `host:port`, or `https://host:port` for TLS; with the system's authorities where the credentials have none. */
  readonly hosts: readonly string[]
  readonly credentials: Credentials
  /** One for each host; they are their owner's. */
  readonly tokens: readonly Token[]
}

/** etcd closes connections that ping more often than every 5 s. Unit: ms. */
const KEEPALIVE = { keepaliveMs: 10_000, keepaliveTimeoutMs: 3_000 }

/** One for each host, for all channels of a store. */
export function tokensOf(
  hosts: readonly string[],
  credentials: Credentials,
  options: { readonly clock: Clock; readonly waitMs: number },
): Token[] {
  return hosts.map((host) => {
    const tls = () => credentials.tls
    const channel = new UnaryChannel({ host, tls, clock: systemClock, ...KEEPALIVE })
    return new Token({ ...options, credentials, channel })
  })
}

export interface CallOptions {
  /** ms since 1970. */
  readonly deadline: number
}

export class Member {
  /** Its place in the list of hosts. */
  readonly index: number
  readonly #options: ConnectionOptions
  readonly #channel: UnaryChannel
  readonly #token: Token
  /** With the certificates of that generation. */
  #driver: { readonly clients: DriverClients; readonly generation: number } | undefined

  constructor(index: number, options: ConnectionOptions) {
    this.index = index
    this.#options = options
    const { credentials, tokens } = options
    this.#channel = new UnaryChannel({
      host: options.hosts[index]!,
      tls: () => credentials.tls,
      clock: systemClock,
      ...KEEPALIVE,
    })
    this.#token = tokens[index]!
  }

  get kv(): KVClient {
    return this.#clients().kv
  }
  /** Its streams carry `hasleader`. */
  get leases(): LeaseClient {
    return this.#clients().leases
  }
  get cluster(): ClusterClient {
    return this.#clients().cluster
  }
  get maintenance(): MaintenanceClient {
    return this.#clients().maintenance
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

  /** Opens a stream of Watch.Watch: encoded WatchRequests in, answers out. */
  openWatch(): Promise<WatchDuplex> {
    return this.#clients().openWatch()
  }

  /** etcd refused the token of a stream: the next one takes a new one. */
  forgetToken(): void {
    this.#token.forget()
  }

  close(): void {
    this.#channel.close()
    this.#driver?.clients.close()
  }

  #call(path: string, request: Buffer, options: CallOptions): Promise<Buffer> {
    return this.#token.authorize(
      (token) => this.#channel.call(path, request, { ...options, token }),
      options.deadline,
    )
  }

  /** Of the newest certificates. Streams of those before keep their connection. */
  #clients(): DriverClients {
    const { credentials, hosts } = this.#options
    const { generation, tls } = credentials
    if (this.#driver?.generation === generation) return this.#driver.clients
    this.#driver?.clients.close()
    const clients = new DriverClients({
      host: hosts[this.index]!,
      tls,
      ...KEEPALIVE,
      authorize: (call, untilMs) => this.#token.authorize(call, untilMs),
    })
    this.#driver = { clients, generation }
    return clients
  }
}
