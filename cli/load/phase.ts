/** Requests for some seconds, so many in flight, and how long each took. Neighbour: bench. */
import { Histogram } from '../../lib/internal.ts'

export interface PhaseOptions {
  readonly seconds: number
  readonly inFlight: number
  readonly signal: AbortSignal
  request(at: number): Promise<unknown>
  onSecond(done: number): void
}

export interface Measured {
  readonly count: number
  readonly ms: number
  readonly histogram: Histogram
}

/** Ends with the first request that fails. @throws its error, the signal's reason */
export async function measure(options: PhaseOptions): Promise<Measured> {
  const { seconds, inFlight, signal, request, onSecond } = options
  const histogram = new Histogram()
  const startedMs = performance.now()
  const endMs = startedMs + seconds * 1000
  let next = 0
  let failed = false
  let second = 0
  const lane = async (): Promise<void> => {
    while (!failed && performance.now() < endMs) {
      signal.throwIfAborted()
      const sentMs = performance.now()
      await request(next++)
      const nowMs = performance.now()
      histogram.observe(nowMs - sentMs)
      const passed = Math.min(seconds, Math.floor((nowMs - startedMs) / 1000))
      if (passed <= second) continue
      second = passed
      onSecond(second)
    }
  }
  const lanes = Array.from({ length: inFlight }, () =>
    lane().catch((error: unknown) => {
      failed = true
      throw error
    }),
  )
  // All of them, so that nothing is sent any more when it is over.
  const ended = await Promise.allSettled(lanes)
  const failure = ended.find((one) => one.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return { count: histogram.count, ms: performance.now() - startedMs, histogram }
}
