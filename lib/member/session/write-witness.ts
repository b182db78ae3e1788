/** Who keeps a record of what clients did. Neighbours: session, session-manager. */
import type { WriteRequest } from '../../model/request.ts'
import type { Caller, Planned } from '../plan/planned.ts'

/** Called in the middle of commits: it must be quick, and must not throw. */
export interface WriteWitness {
  /**
   * A client's write has its outcome, whether or not the client is still there to be answered: in the order of the
   * answers. `unknown`: it may be committed or not.
   */
  written(caller: Caller, request: WriteRequest, outcome: Planned | 'unknown'): void
  /** A session ended by a commit of this member, and these went with it. */
  ephemeralsDeleted(sessionId: bigint, paths: readonly string[]): void
}
