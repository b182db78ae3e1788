/** Ends what consists of several parts: none of them is left because of another one. Neighbour: pause. */
import type { Clock } from './clock.ts'
import { pause } from './pause.ts'

/** How long one step may take; then the next one begins, and its late rejection is nobody's. Unit ms. */
export interface StepLimit {
  readonly clock: Clock
  readonly ms: number
}

/**
 * Runs each step when the one before has settled, whatever came of it. Rejects, behind the last one, with what was thrown
 * first.
 */
export async function everyStep(
  steps: readonly (() => unknown)[],
  limit?: StepLimit,
): Promise<void> {
  const thrown: unknown[] = []
  for (const step of steps) {
    try {
      const result = step()
      await (limit === undefined ? result : atMost(limit, result))
    } catch (error) {
      thrown.push(error)
    }
  }
  if (thrown.length > 0) throw thrown[0]
}

async function atMost({ clock, ms }: StepLimit, result: unknown): Promise<void> {
  const ended = new AbortController()
  try {
    await Promise.race([result, pause(clock, ms, ended.signal)])
  } finally {
    ended.abort()
  }
}
