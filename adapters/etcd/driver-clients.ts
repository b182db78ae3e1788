/**
 * The driver's connection to one member: streams, and the calls for which speed does not matter. Of the driver only connections
 * and typed RPCs are used: its log-in, retries, breaker and random member per call are off. Neighbour: member.ts.
 */
import {
  ClusterClient,
  Etcd3,
  type ICallable,
  type IDuplexStream,
  type IOptions,
  KVClient,
  LeaseClient,
  MaintenanceClient,
} from 'etcd3'
import type { TlsBytes } from '../credentials/tls-files.ts'
import { noPolicy } from './no-policy.ts'
import { decodeWatchAnswer, type WatchAnswer } from './watch-codec.ts'

/** Bytes of WatchRequests in, WatchResponses out. */
export type WatchDuplex = IDuplexStream<Buffer, WatchAnswer>

/** Runs a call with the token that it needs, if any. `untilMs`: how long it waits for one, in ms since 1970. */
type Authorize = <T>(
  call: (token: string | undefined) => Promise<T>,
  untilMs?: number,
) => Promise<T>

export interface DriverOptions {
  readonly host: string
  readonly tls: TlsBytes | undefined
  readonly keepaliveMs: number
  readonly keepaliveTimeoutMs: number
  readonly authorize: Authorize
}

type Service = Parameters<ICallable<unknown>['exec']>[0]
type Metadata = Parameters<Parameters<ICallable<unknown>['withConnection']>[1]>[0]['metadata']
type Unary = (
  request: unknown,
  metadata: Metadata,
  options: object,
  done: (error: Error | null, answer: unknown) => void,
) => void

const asItIs = (bytes: Buffer): Buffer => bytes

class Pool extends Etcd3 {
  get connections(): ICallable<unknown> {
    return this.pool as ICallable<unknown>
  }
}

/** Streams carry `hasleader`: etcd ends them when the member loses its leader. */
export class DriverClients {
  readonly kv: KVClient
  readonly leases: LeaseClient
  readonly cluster: ClusterClient
  readonly maintenance: MaintenanceClient
  readonly #pool: Pool
  readonly #streams: ICallable<unknown>

  constructor(options: DriverOptions) {
    this.#pool = new Pool(poolOptions(options))
    const { connections } = this.#pool
    const { authorize } = options
    const base = {
      callOptionsFactory: undefined,
      markFailed: (resource: unknown, error: Error) => connections.markFailed(resource, error),
    }
    const calls: ICallable<unknown> = {
      ...base,
      withConnection: connections.withConnection.bind(connections),
      exec: <T>(
        service: Service,
        method: string,
        params: unknown,
        callOptions: { readonly deadline?: unknown } = {},
      ) =>
        authorize(
          (token) =>
            connections.withConnection(service, ({ client, metadata }) => {
              const own = withToken(metadata, token)
              return new Promise<T>((resolve, reject) => {
                const unary = (client as unknown as Record<string, Unary>)[method]!
                unary.call(client, params, own, callOptions, (error, answer) =>
                  error === null ? resolve(answer as T) : reject(error),
                )
              })
            }),
          typeof callOptions.deadline === 'number' ? callOptions.deadline : undefined,
        ),
    }
    this.#streams = {
      ...base,
      exec: calls.exec,
      withConnection: (service, open) =>
        authorize((token) =>
          connections.withConnection(service, async ({ resource, client, metadata }) => {
            const own = withToken(metadata, token)
            own.set('hasleader', 'true')
            return open({ resource, client, metadata: own })
          }),
        ),
    }
    this.kv = new KVClient(calls)
    this.leases = new LeaseClient(this.#streams)
    this.cluster = new ClusterClient(calls)
    this.maintenance = new MaintenanceClient(calls)
  }

  /** Opens a stream of Watch.Watch: encoded WatchRequests in, answers out. */
  openWatch(): Promise<WatchDuplex> {
    return this.#streams.withConnection('Watch', ({ client, metadata }) =>
      client.makeBidiStreamRequest(
        '/etcdserverpb.Watch/Watch',
        asItIs,
        decodeWatchAnswer,
        metadata,
      ),
    )
  }

  /** No new calls. Open streams live until they are ended. */
  close(): void {
    this.#pool.close()
  }
}

function poolOptions({ host, tls, keepaliveMs, keepaliveTimeoutMs }: DriverOptions): IOptions {
  const { ca, cert, key } = tls ?? {}
  return {
    hosts: [host],
    // The driver accepts a client certificate only together with an authority.
    ...(ca !== undefined && {
      credentials: {
        rootCertificate: ca,
        ...(key !== undefined && { privateKey: key }),
        ...(cert !== undefined && { certChain: cert }),
      },
    }),
    faultHandling: { global: noPolicy, host: () => noPolicy },
    grpcOptions: {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': keepaliveMs,
      'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
      // A connection of its own for each client: a large range must not delay a watch.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      // A cluster that is back is to be seen soon: heartbeats wait for it.
      'grpc.max_reconnect_backoff_ms': 500,
    },
  }
}

function withToken(metadata: Metadata, token: string | undefined): Metadata {
  const own = metadata.clone()
  if (token !== undefined) own.set('token', token)
  return own
}
