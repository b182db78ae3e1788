/** A timer for somebody's answer, for which this process's own pause is not the other's silence. Neighbour: clock. */
import type { Clock } from './clock.ts'

/** A timer that fires so late was kept from running: the process was stopped, or a turn was long. Unit ms. */
export const LATE_MS = 500
/** What arrived meanwhile is read within this time. Unit ms. */
export const GRACE_MS = 250

/**
 * Calls `run` after `ms`, as {@link Clock.after}; where this process was paused at that time, a little later: what had
 * arrived is read first. Returns its cancel.
 */
export function deadline(clock: Clock, ms: number, run: () => void): () => void {
  const dueMs = clock.monotonic() + ms
  let cancel = clock.after(ms, () => {
    if (clock.monotonic() - dueMs <= LATE_MS) return run()
    cancel = clock.after(GRACE_MS, run)
  })
  return () => cancel()
}
