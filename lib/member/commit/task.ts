/**
 * One request that waits to be committed. Neighbours: session (submits), batch-planner,
 * group-committer.
 */
import type { StoreError } from '../../model/errors.ts'
import type { DeleteContainerRequest, SyncRequest, WriteRequest } from '../../model/request.ts'
import type { NewEpoch } from '../plan/epoch.ts'
import type { MirroredTxn, TakeOver } from '../plan/mirrored.ts'
import type { Caller, Planned } from '../plan/planned.ts'
import type { SessionRequest } from '../plan/session.ts'

/** An object, not a promise: a batch has thousands. */
export interface CommitTask {
  /** A WriteRequest of a client is judged by `session` and `caller`. */
  readonly request: WriteRequest | SessionRequest | NewEpoch | MirroredTxn | TakeOver | SyncRequest
  readonly session?: { readonly id: bigint; readonly owner: string; readonly fence: number }
  readonly caller?: Caller
  /** The client's number of its request (xid). Absent: none. */
  readonly cxid?: number
  /** When the committer got it, monotonic ms: it writes that. */
  submittedMs?: number
  /** Its transaction is applied: write the reply now. Called in the order of submission within a session. */
  committed(zxid: number, planned: Planned): void
  /** The committer closed before the outcome was known. Never throws: others are abandoned with it. */
  abandoned(error: StoreError): void
}

/** A request of the keeper itself, such as the end of a session: no client's session judges it. */
export class OwnTask implements CommitTask {
  readonly request: SessionRequest | NewEpoch | TakeOver | SyncRequest | DeleteContainerRequest
  submittedMs = 0
  readonly #done: (planned: Planned) => void
  readonly #failed: (error: StoreError) => void

  constructor(
    request: OwnTask['request'],
    done: (planned: Planned) => void,
    failed: (error: StoreError) => void,
  ) {
    this.request = request
    this.#done = done
    this.#failed = failed
  }
  committed(_zxid: number, planned: Planned): void {
    this.#done(planned)
  }
  abandoned(error: StoreError): void {
    this.#failed(error)
  }
}

/** Commits a request of the keeper itself. `done`: while it is applied. @throws {StoreError} its outcome is not known */
export function commitOwn(
  committer: { submit(task: CommitTask): void },
  request: OwnTask['request'],
  done: (planned: Planned) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settled = (planned: Planned): void => {
      done(planned)
      resolve()
    }
    committer.submit(new OwnTask(request, settled, reject))
  })
}
