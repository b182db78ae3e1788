/** Pauses between tries. */
import type { Clock } from '../../lib/base/clock.ts'
import { pause } from '../../lib/base/pause.ts'

/** By failures in a row. Unit: ms. The first try again is at once. */
const PAUSES_MS = [0, 50, 100, 200, 500, 1_000]

/** Before the try that follows so many failures; ends early when the signal is aborted. */
export function pauseAfter(failures: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const ms = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)]!
  if (ms === 0 || signal.aborted) return Promise.resolve()
  return pause(clock, ms, signal)
}
