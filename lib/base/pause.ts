/** A wait that a signal can end. Neighbours: clock, on-abort. */
import type { Clock } from './clock.ts'
import { onAbort } from './on-abort.ts'

/** Resolves after `ms`, or as soon as `signal` is aborted. Never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const wake = (): void => {
      cancelTimer()
      cancelSignal?.()
      resolve()
    }
    const cancelTimer = clock.after(ms, wake)
    const cancelSignal = signal && onAbort(signal, wake)
  })
}
