/**
 * For how long nothing could be committed, a resume no more than a write: such time is no silence of a client.
 * Neighbour: session-manager.
 */
import type { GroupCommitter } from '../commit/group-committer.ts'

/** Nothing was committed for so long, though something is to be: nobody can resume. Unit ms. */
const STALL_MS = 1_000

export class Stall {
  readonly #committer: Pick<GroupCommitter, 'progress' | 'full'>
  /** As of the last check. */
  #stalled = false

  constructor(committer: Pick<GroupCommitter, 'progress' | 'full'>) {
    this.#committer = committer
  }

  /** What of the time since the last check, `sinceMs` ago, and of the time before it was not counted yet. Unit ms. */
  pausedMs(sinceMs: number): number {
    const { progress, full } = this.#committer
    const stalledMs = Math.max(progress.stalledMs, full.forMs)
    const wasStalled = this.#stalled
    this.#stalled = stalledMs >= STALL_MS
    if (!this.#stalled) return 0
    return wasStalled ? sinceMs : stalledMs
  }
}
