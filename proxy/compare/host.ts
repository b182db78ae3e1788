/** What a link knows of the server that it belongs to. Neighbours: server, link, oracle-side. */
import type { Clock, Logger } from '../../lib/index.ts'
import type { ReapablePaths } from './reapable.ts'
import type { CompareReport } from './report.ts'
import type { SessionMap } from './sessions.ts'
import type { Turns } from './turns.ts'
import type { Endpoint, Upstream } from './upstream.ts'
import type { ZxidMap } from './zxid-map.ts'

export interface CompareOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Answers the clients. */
  readonly candidate: Endpoint
  /** A real ZooKeeper, whose answers are right. */
  readonly oracle: Endpoint
  /** An event, or the end of a connection, must come on both sides within this, ms. @default 3000 */
  readonly graceMs: number
  /** How long an answer may take, ms. @default 10000 */
  readonly answerTimeoutMs: number
  /** How long connecting to a side may take, ms. @default 2000 */
  readonly connectTimeoutMs: number
  /** Longest request taken from a client, bytes. @default 1048575 */
  readonly frameBytesMax: number
}

export interface CompareHost {
  readonly options: CompareOptions
  readonly logger: Logger
  readonly clock: Clock
  readonly turns: Turns
  readonly zxids: ZxidMap
  readonly sessions: SessionMap
  readonly reapable: ReapablePaths
  readonly report: CompareReport
  /** Rejects when it cannot be reached. */
  openCandidate(): Promise<Upstream>
  /** undefined when it cannot be reached; told once. Before the first comparison it also finds out
   *  what both sides' zxids are. In a turn. */
  openOracle(): Promise<Upstream | undefined>
  removed(link: object): void
}
