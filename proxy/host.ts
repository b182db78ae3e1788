/**
 * What the parts of the proxy know of each other: connections of their server, admin words of both.
 * Neighbours: server, connection, handshake, admin/*.
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
  /** jute.maxbuffer: longest packet taken, bytes. @default 1048575 */
  readonly frameBytesMax: number
  /** A connection must send its ConnectRequest within this, ms. @default 10000 */
  readonly greetingTimeoutMs: number
  /** Requests of one connection on their way before its socket is not read on. @default 1000 */
  readonly outstandingMax: number
  /** Bytes a client may leave unread before it is cut. @default 64 MiB */
  readonly outputBytesMax: number
  /** Connections at once. @default 20000 */
  readonly connectionsMax: number
  /** Connections at once from one address; 0: no limit of its own. @default 0 */
  readonly connectionsPerAddressMax: number
  /** Four-letter words answered; '*' is all. @default those that change nothing */
  readonly fourLetterWords: readonly string[]
  /** SASL DIGEST-MD5 users and their passwords. @default none: SASL is answered, but proves nothing */
  readonly saslUsers: ReadonlyMap<string, string>
  /** This SASL user passes every ACL (zookeeper.superUser). @default nobody */
  readonly saslSuperUser: string | undefined
  /** Which of several processes behind one port this is; 0: the only one. @default 0 */
  readonly worker: number
}

/** One client's connection, as the server, the handshake and the admin words see it. */
export interface ClientConnection extends SessionSink {
  /** address:port of the client. */
  readonly name: string
  readonly address: string
  readonly socket: Socket
  readonly server: ProxyHost
  readonly writer: JuteWriter
  readonly session: Session | undefined
  /** The ids every connection has without asking (A2). */
  readonly initialIds: readonly AuthId[]
  /** Requests not answered yet. */
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
  /** One reply was encoded into `writer`: it is counted, and leaves with this tick. */
  replied(): void
  /** Says why, then closes. The session itself stays. */
  refuse(xid: number, zxid: number, errno: number): void
  /** Sends what is written, then ends the connection. The session waits for its client. */
  close(): void
}

/** Where a connection's output collects. */
export interface Flushable {
  flush(): void
}

/** The server, as its connections and the admin words see it. */
export interface ProxyHost {
  readonly keeper: Keeper
  readonly options: ProxyOptions
  readonly logger: Logger
  readonly stats: ServerStats
  readonly startedMs: number
  readonly port: number
  readonly connections: ReadonlySet<ClientConnection>
  /** What all connections write into. */
  readonly outputChunks: ChunkPool
  /** Flushes it at the end of this tick. */
  flushSoon(outbox: Flushable): void
  removed(connection: ClientConnection): void
  /** Answers and closes when the four bytes are a word; false when they are a packet's length. */
  fourLetterWord(connection: ClientConnection, word: string): boolean
}
