/** What a planner returns, and what it is told about who asks. */
import type { AuthId, Result } from '../../model/request.ts'

/** A Result, or a ZooKeeper errno below zero. */
export type Planned = Result | number

export interface Caller {
  readonly sessionId: bigint
  /** Ids this connection has proven, the ip id included. */
  readonly ids: readonly AuthId[]
}

export const NONE: Result = { type: 'none' }
