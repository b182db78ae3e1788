/** Pauses between attempts. */
import type { Clock } from '../../lib/base/clock.ts'
import { pause } from '../../lib/base/pause.ts'

/** By failures in a row. Unit: ms. The first retry is immediate. */
const PAUSES_MS = [0, 50, 100, 200, 500, 1_000]

/** The pause after this many failures in a row; ends early when the signal is aborted. */
export function pauseAfter(failures: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const ms = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)]!
  if (ms === 0 || signal.aborted) return Promise.resolve()
  return pause(clock, ms, signal)
}
