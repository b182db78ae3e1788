/** What the admin port is given: where it listens, who may do what, and how much of everything. */
import type { IncomingMessage, RequestListener, Server, ServerOptions } from 'node:http'
import type { GuessBounds } from '../../auth/guesses.ts'
import type { TlsFiles } from '../../tls/options.ts'

/** Options of {@link AdminServer.listen}. */
export interface AdminOptions {
  /** Address to listen on. @default "127.0.0.1" */
  readonly host: string
  /** 0: any free port. @default 8080 */
  readonly port: number
  /** Where the commands of ZooKeeper's AdminServer are (admin.commandURL). @default "/commands" */
  readonly commandUrl: string
  /** Open connections. More are closed. @default 128 */
  readonly connectionsMax: number
  /** Time in which a request must have arrived, its body included, ms. @default 10000 */
  readonly requestTimeoutMs: number
  /** How long a request that needs the store waits for it: a change, the end of a session, ?sync. Unit ms. @default 10000 */
  readonly storeTimeoutMs: number
  /** A connection on which nothing moves for so long is closed (admin.idleTimeout), ms. @default 30000 */
  readonly idleTimeoutMs: number
  /** Headers of a request, bytes. @default 16384 */
  readonly headerBytesMax: number
  /** Body of a request, bytes. @default 65536 */
  readonly bodyBytesMax: number
  /** Change feeds that are open together. More are refused. @default 16 */
  readonly feedsMax: number
  /** Changes of znodes that are carried out together. More are refused. @default 8 */
  readonly editsMax: number
  /** Znodes that are deleted together with what is above them. @default 1000 */
  readonly deletesMax: number
  /** Searches for names that are carried out together. More are refused. @default 4 */
  readonly searchesMax: number
  /** Names that one search looks at before it answers how far it came. @default 100000 */
  readonly searchNamesMax: number
  /** Znodes may be created, changed and deleted through the API and the page. @default false */
  readonly canEdit: boolean
  /** Digest users that may do and see everything: user:base64(hash("user:password")); read for each request. @default none */
  readonly superDigests: () => readonly string[]
  /** Hash of their digests, by Java's name, such as SHA-256. @default "SHA1" */
  readonly digestAlgorithm: string
  /** Who sends it as a Bearer token may do and see everything; read for each request. @default none */
  readonly token: () => string | undefined
  /** Wrong credentials of one address: above the bound all of it get 429; read for each request. @default 60 in a minute */
  readonly guessBounds: () => GuessBounds
  /** Names under which a browser may reach it, besides addresses and localhost. @default none */
  readonly hostNames: readonly string[]
  /** HTTPS instead of HTTP, on the port for metrics as well. @default undefined: plain HTTP */
  readonly tls: AdminTlsOptions | undefined
  /** Makes the server where there is no `tls`. @default node:http's createServer */
  readonly createServer: (
    options: ServerOptions<typeof IncomingMessage>,
    listener: RequestListener,
  ) => Server
  /** Reads and sets the level of the log; undefined: it cannot be changed. @default undefined */
  readonly logLevel: LogLevel | undefined
}

/** TLS of the admin port. */
export interface AdminTlsOptions {
  /** The server's certificate and key. With `ca`, clients must show a certificate of one of these authorities. */
  readonly files: TlsFiles
  /** Files that change are read again. @default true */
  readonly reload?: boolean
}

/** The level of the log at run time. */
export interface LogLevel {
  /** The levels that there are. */
  readonly levels: readonly string[]
  /** The present one. */
  get(): string
  /** One of the levels. */
  set(level: string): void
}
