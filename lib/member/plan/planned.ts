/** What a planner returns, and the caller it judges. */
import type { AuthId, Result } from '../../model/request.ts'

/** A Result, or a ZooKeeper errno below zero. */
export type Planned = Result | number

/** The session that sent a request, with the identities its connection has proven. */
export interface Caller {
  readonly sessionId: bigint
  /** Ids this connection has proven, the ip id included. */
  readonly ids: readonly AuthId[]
}

export const NONE: Result = { type: 'none' }
