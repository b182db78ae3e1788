/** How one client's connection sees its server. Neighbours: server, link, server-pair, oracle-side. */
import type { Clock, Logger } from '../../lib/index.ts'
import type { ReapablePaths } from './reapable.ts'
import type { CompareReport } from './report.ts'
import type { SessionMap } from './sessions.ts'
import type { Turns } from './turns.ts'
import type { Endpoint, Upstream } from './upstream.ts'
import type { ZxidMap } from './zxid-map.ts'

/** Options of {@link CompareServer.listen}. */
export interface CompareOptions {
  /** Address to listen on. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Serves the clients. */
  readonly candidate: Endpoint
  /** A real ZooKeeper, whose replies are taken as right. */
  readonly oracle: Endpoint
  /** Time in which an event, or a connection's end, must come on both sides, ms. @default 3000 */
  readonly graceMs: number
  /** Time in which a side must answer a request, ms. @default 10000 */
  readonly answerTimeoutMs: number
  /** Time in which a side must accept a connection, ms. @default 2000 */
  readonly connectTimeoutMs: number
  /** Longest request accepted from a client, bytes. @default 1048575 */
  readonly frameBytesMax: number
}

export interface CompareHost {
  /** As given, with the defaults for the rest. */
  readonly options: CompareOptions
  /** Gets a warning for each difference. */
  readonly logger: Logger
  /** What all its times are measured with. */
  readonly clock: Clock
  /** One request at a time, over all clients. */
  readonly turns: Turns
  /** Which zxid of the candidate is which of the oracle. */
  readonly zxids: ZxidMap
  /** Which session of the candidate is which of the oracle. */
  readonly sessions: SessionMap
  /** Containers and TTL znodes, which each server deletes at a time of its own. */
  readonly reapable: ReapablePaths
  /** What was found so far. */
  readonly report: CompareReport
  /** @throws {Error} it is unreachable */
  openCandidate(): Promise<Upstream>
  /** undefined: it is unreachable, which is logged once. The first call also reads the newest zxid of
   *  both sides. In a turn. */
  openOracle(): Promise<Upstream | undefined>
  /** The connection has ended. */
  removed(link: object): void
}
