/**
 * How the parts of the proxy see each other: connections their server, four-letter words both.
 * Neighbours: server, connection, handshake, authentication, outbox, admin/*.
 */
import type { Socket } from 'node:net'
import type { AuthId, Keeper, Logger, Session, SessionSink } from '../lib/internal.ts'
import type { ChunkPool } from '../lib/protocol/jute/chunk-pool.ts'
import type { JuteWriter } from '../lib/protocol/jute/writer.ts'
import type { Descriptors } from './admin/descriptors.ts'
import type { Listings } from './admin/listings.ts'
import type { LoopDelay } from './admin/loop-delay.ts'
import type { ProcessReport, WorkerMetrics } from './admin/process-report.ts'
import type { Metric } from './admin/sum-metrics.ts'
import type { AuditTrail } from './audit/audit-trail.ts'
import type { AuthProviders } from './auth/auth-providers.ts'
import type { Guesses } from './auth/guesses.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { FairTurns } from './fair-turns.ts'
import type { Latency, ServerStats } from './stats.ts'
import type { SecureOptions } from './tls/options.ts'
import type { SecureDoor } from './tls/secure-door.ts'

/** Memory as mntr shows it. */
export interface MemoryFacts {
  /** Above it requests that make the tree larger are refused, bytes; 0: never. */
  readonly softLimitBytes: number
  /** What lives in the heap, an estimate, bytes. */
  readonly liveBytes: number
  /** Requests refused. */
  readonly refused: number
}

/** Options of {@link ProxyServer.listen}. */
export interface ProxyOptions {
  /** Address to listen on. @default "127.0.0.1" */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Longest request accepted (jute.maxbuffer), bytes. @default 1048575 */
  readonly frameBytesMax: number
  /** Time in which a connection must send its ConnectRequest, ms. @default 10000 */
  readonly greetingTimeoutMs: number
  /** Long answers, to four-letter words and over HTTP, that wait for the one that is being sent. @default 16 */
  readonly listingsWaitingMax: number
  /** How long the reader of a long answer may take none of it before it is disconnected, ms. @default 10000 */
  readonly listingUnreadMs: number
  /** Requests in flight of one connection. At this many its socket is paused. @default 1000 */
  readonly outstandingMax: number
  /**
   * Bytes of requests in flight of one connection. At this many its requests wait. A single one may
   * be larger. @default 2 MiB
   */
  readonly outstandingBytesMax: number
  /** Bytes of requests in flight of all connections; then each may have one. @default 128 MiB */
  readonly requestBytesMax: number
  /** Unsent output of all connections; then those with the most are disconnected. @default 512 MiB */
  readonly replyBytesMax: number
  /** How long one client's requests are served before it is others' turn, ms. @default 2 */
  readonly sliceMs: number
  /** How long those that wait for their turn are served in one turn of the event loop, ms. @default 4 */
  readonly turnMs: number
  /** Identities that one connection may prove. @default 1000 */
  readonly identitiesMax: number
  /**
   * Wrong passwords of one address in a minute. Above it the address is disconnected when it authenticates, until time has made up for
   * them. 0: any number. @default 60
   */
  readonly authFailuresMax: number
  /** Addresses whose wrong passwords are remembered; the oldest are forgotten. @default 10000 */
  readonly authFailureAddressesMax: number
  /** Unread output at which a client is disconnected, bytes. @default 64 MiB */
  readonly outputBytesMax: number
  /** Open connections. Above this many a new one is closed. @default 20000 */
  readonly connectionsMax: number
  /** Open connections of one address; 0: no such limit. @default 0 */
  readonly connectionsPerAddressMax: number
  /** Four-letter words that are answered; '*': all. @default all but crst, srst, dump, wchc and wchp */
  readonly fourLetterWords: readonly string[]
  /** What conf shows as the data's place, without passwords. @default "the store" */
  readonly storeName: string
  /** SASL DIGEST-MD5 users and their passwords. @default none: no client can authenticate by SASL */
  readonly saslUsers: ReadonlyMap<string, string>
  /** SASL users that pass every ACL (superUser, superUser.1 …). @default none */
  readonly saslSuperUsers: readonly string[]
  /** An ACL of this sasl id is for every SASL user (letAnySaslUserDoX). @default none */
  readonly anySaslUser: string | undefined
  /** A client whose SASL authentication failed may stay, without an identity of it (allowSaslFailedClients). @default false */
  readonly allowSaslFailedClients: boolean
  /**
   * A client must have proven an identity of one of these schemes before it requests anything else
   * (enforce.auth.schemes). @default none: nobody must
   */
  readonly enforcedSchemes: readonly string[]
  /** Authentication schemes of one's own. @default none */
  readonly authProviders: AuthProviders | undefined
  /** Where it is written what clients change. @default undefined: nowhere */
  readonly audit: AuditTrail | undefined
  /** What became of lines of this process's log, for mntr. @default undefined */
  readonly log: { readonly dropped: number } | undefined
  /** What bounds the tree by the memory of this process, for mntr. @default undefined */
  readonly memory: MemoryFacts | undefined
  /** Number of this process among those behind one port; 0: it is the only one. @default 0 */
  readonly worker: number
  /** TLS: a port of its own, or on the plain one. @default undefined: none */
  readonly secure: SecureOptions | undefined
  /**
   * Asks the other processes behind the same port for their metrics, so that mntr shows the sum of all. A rejection counts
   * as one silent process. @default undefined: mntr shows what this process has
   */
  readonly workerMetrics: (() => Promise<WorkerMetrics>) | undefined
}

/** Options that a server that runs takes, too. */
export type Reconfigurable =
  | 'connectionsMax'
  | 'connectionsPerAddressMax'
  | 'greetingTimeoutMs'
  | 'identitiesMax'
  | 'authFailuresMax'
  | 'authFailureAddressesMax'
  | 'outputBytesMax'
  | 'fourLetterWords'
  | 'saslUsers'
  | 'saslSuperUsers'

/** One client's connection, as the server, the handshake and the four-letter words see it. */
export interface ClientConnection extends SessionSink {
  /** address:port of the client. */
  readonly name: string
  readonly address: string
  readonly socket: Socket
  readonly server: ProxyHost
  readonly writer: JuteWriter
  readonly session: Session | undefined
  readonly isClosed: boolean
  /** The ids that every connection has without auth (A2). */
  readonly initialIds: readonly AuthId[]
  /** Requests in flight. */
  readonly queued: number
  readonly latency: Latency
  received: number
  sent: number
  /** ms since 1970 */
  readonly establishedMs: number
  lastOperation: string
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
  /** Forgets pending output and ends the connection. */
  drop(): void
  /** A fault of ours while it was served: it is logged and counted, and the connection ends. Never throws. */
  broken(error: unknown): void
}

/** A connection's output. */
export interface Flushable {
  flush(): void
}

/** The server, as its connections and the four-letter words see it. */
export interface ProxyHost {
  /** Whose tree is served. */
  readonly keeper: Keeper
  /** As given, with the defaults for the rest. */
  readonly options: ProxyOptions
  /** The keeper’s, unless another one was given. */
  readonly logger: Logger
  /** Counters since the start; srst sets them to 0. */
  readonly stats: ServerStats
  /** ms since 1970. */
  readonly startedMs: number
  /** Where it listens; 0: nowhere. */
  readonly port: number
  /** Where it listens for TLS alone; -1: nowhere. */
  readonly securePort: number
  /** Where clients that speak TLS come in; undefined: they cannot. */
  readonly door: SecureDoor | undefined
  /** Open ones. */
  readonly connections: ReadonlySet<ClientConnection>
  /** Clients that have more to be served than one slice. */
  readonly turns: FairTurns
  /** Requests in flight of all connections. */
  readonly requestBytes: ByteBudget
  /** Unsent output of all connections. */
  readonly replyBytes: ByteBudget
  /** More is unsent than may be: disconnects the clients with the most. */
  shedReplies(): void
  /** Wrong passwords by address. */
  readonly guesses: Guesses
  /** Long answers to four-letter words. */
  readonly listings: Listings
  /** Open files and sockets of this process. */
  readonly descriptors: Descriptors
  /** How long the event loop keeps its work waiting. */
  readonly loopDelay: LoopDelay
  /** Memory that all connections encode into. */
  readonly outputChunks: ChunkPool
  /** Flushes it at the end of this tick. */
  flushSoon(outbox: Flushable): void
  /** What /metrics shows: of all processes behind this port. Never rejects. */
  allReports(): Promise<ProcessReport>
  /** What mntr shows: of all processes behind this port. Never rejects. */
  allMetrics(): Promise<readonly Metric[]>
  /** The connection has ended. */
  removed(connection: ClientConnection): void
  /** Answers a four-letter word and closes; false: the four bytes are a packet's length. */
  fourLetterWord(connection: ClientConnection, word: string): boolean
}
