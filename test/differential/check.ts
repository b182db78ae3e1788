/** One batch of random scripts, from one seed. */
import fc from 'fast-check'
import { compare } from './compare.ts'
import { type Flavour, scriptOf } from './generate.ts'
import { countRequests } from './script.ts'
import type { Subject } from './subjects.ts'

export interface CheckOptions {
  readonly oracle: Subject
  readonly candidate: Subject
  readonly seed: number
  /** How many, of each flavour. */
  readonly scripts: number
}
export interface Checked {
  readonly requests: number
}

const SHRINK_MS_MAX = 60_000

/** @throws {Error} with seed, shrunk script and transcripts; also as first seen, if that differed. */
export async function check(options: CheckOptions): Promise<Checked> {
  const { oracle, candidate, seed, scripts } = options
  let requests = 0
  for (const flavour of ['watches', 'acl'] satisfies Flavour[]) {
    let failedMs: number | undefined
    let first: unknown
    const property = fc.asyncProperty(scriptOf(flavour, oracle.line ?? '3.9'), async (script) => {
      if (failedMs === undefined) requests += countRequests(script)
      // Long enough shrunk: every further candidate passes.
      else if (performance.now() - failedMs > SHRINK_MS_MAX) return
      try {
        await compare(script, oracle, candidate)
      } catch (error) {
        failedMs ??= performance.now()
        first ??= error
        throw error
      }
    })
    const result = await fc.check(property, { seed, numRuns: scripts })
    if (!result.failed) continue
    const { errorInstance, counterexamplePath } = result
    const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
    // What a script leaves behind outlives it: shrinking may end on that instead of the cause.
    const cause = first instanceof Error && first.message !== why ? first.message : undefined
    const before = cause === undefined ? '' : `\nBefore it was shrunk:\n${cause}`
    throw new Error(`SEED=${seed} flavour=${flavour} path=${counterexamplePath}\n${why}${before}`)
  }
  return { requests }
}
