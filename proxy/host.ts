/**
 * How the parts of the proxy see each other: connections their server, four-letter words both.
 * Neighbours: server, connection, handshake, authentication, outbox, admin/*.
 */
import type { Socket } from 'node:net'
import type { AuthId, Keeper, Logger, Session, SessionSink } from '../lib/index.ts'
import type { ChunkPool } from '../lib/protocol/jute/chunk-pool.ts'
import type { JuteWriter } from '../lib/protocol/jute/writer.ts'
import type { Latency, ServerStats } from './stats.ts'

export interface ProxyOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Longest request accepted (jute.maxbuffer), bytes. @default 1048575 */
  readonly frameBytesMax: number
  /** Time in which a connection must send its ConnectRequest, ms. @default 10000 */
  readonly greetingTimeoutMs: number
  /** Requests in flight of one connection. At this many its socket is paused. @default 1000 */
  readonly outstandingMax: number
  /** Unread output at which a client is disconnected, bytes. @default 64 MiB */
  readonly outputBytesMax: number
  /** Open connections. Above this many a new one is closed. @default 20000 */
  readonly connectionsMax: number
  /** Open connections of one address; 0: no such limit. @default 0 */
  readonly connectionsPerAddressMax: number
  /** Four-letter words that are answered; '*': all. @default all but crst and srst */
  readonly fourLetterWords: readonly string[]
  /** SASL DIGEST-MD5 users and their passwords. @default none: no client can authenticate by SASL */
  readonly saslUsers: ReadonlyMap<string, string>
  /** The SASL user that passes every ACL (zookeeper.superUser). @default none */
  readonly saslSuperUser: string | undefined
  /** Number of this process among those behind one port; 0: it is the only one. @default 0 */
  readonly worker: number
}

/** One client's connection, as the server, the handshake and the four-letter words see it. */
export interface ClientConnection extends SessionSink {
  /** address:port of the client. */
  readonly name: string
  readonly address: string
  readonly socket: Socket
  readonly server: ProxyHost
  readonly writer: JuteWriter
  readonly session: Session | undefined
  /** The ids that every connection has without auth (A2). */
  readonly initialIds: readonly AuthId[]
  /** Requests in flight. */
  readonly queued: number
  readonly latency: Latency
  received: number
  sent: number
  /** ms since 1970 */
  readonly establishedMs: number
  readonly lastOperation: string
  readonly lastXid: number
  readonly lastZxid: number
  /** The handshake succeeded; requests may follow. */
  opened(session: Session): void
  /** One packet was encoded into `writer`: it is counted and leaves with this tick. */
  replied(): void
  /** Replies with the error, then closes. The session itself stays. */
  refuse(xid: number, zxid: number, errno: number): void
  /** Sends pending output, then ends the connection. The session stays for a reconnect. */
  close(): void
}

/** A connection's output. */
export interface Flushable {
  flush(): void
}

/** The server, as its connections and the four-letter words see it. */
export interface ProxyHost {
  readonly keeper: Keeper
  readonly options: ProxyOptions
  readonly logger: Logger
  readonly stats: ServerStats
  readonly startedMs: number
  readonly port: number
  readonly connections: ReadonlySet<ClientConnection>
  /** Memory that all connections encode into. */
  readonly outputChunks: ChunkPool
  /** Flushes it at the end of this tick. */
  flushSoon(outbox: Flushable): void
  removed(connection: ClientConnection): void
  /** Answers a four-letter word and closes; false: the four bytes are a packet's length. */
  fourLetterWord(connection: ClientConnection, word: string): boolean
}
