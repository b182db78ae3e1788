/** One request waiting to be committed. Neighbours: session (submits), batch-planner, group-committer. */
import type { StoreError } from '../../model/errors.ts'
import type { SyncRequest, WriteRequest } from '../../model/request.ts'
import type { Caller, Planned } from '../plan/planned.ts'
import type { SessionRequest } from '../plan/session.ts'

/** An object, not a promise: a batch has thousands. */
export interface CommitTask {
  /** 'write': of a client, judged by `session` and `caller`. */
  readonly request: WriteRequest | SessionRequest | SyncRequest
  readonly session?: { readonly id: bigint; readonly owner: string; readonly fence: number }
  readonly caller?: Caller
  /** Its transaction is applied: write the reply now. Called in the order of submission. */
  committed(zxid: number, planned: Planned): void
  /** The committer closed before the outcome was known. */
  abandoned(error: StoreError): void
}
