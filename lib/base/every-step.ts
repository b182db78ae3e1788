/** Ends what consists of several parts: none of them is left because of another one. */

/**
 * Runs each step when the one before has settled, whatever came of it. Rejects, behind the last one, with what was thrown
 * first.
 */
export async function everyStep(steps: readonly (() => unknown)[]): Promise<void> {
  const thrown: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      thrown.push(error)
    }
  }
  if (thrown.length > 0) throw thrown[0]
}
