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

/** @throws {Error} with seed, shrunk script and both transcripts. */
export async function check(options: CheckOptions): Promise<Checked> {
  const { oracle, candidate, seed, scripts } = options
  let requests = 0
  for (const flavour of ['watches', 'acl'] satisfies Flavour[]) {
    let failedMs: number | undefined
    const property = fc.asyncProperty(scriptOf(flavour), async (script) => {
      if (failedMs === undefined) requests += countRequests(script)
      // Long enough shrunk: every further candidate passes.
      else if (performance.now() - failedMs > SHRINK_MS_MAX) return
      try {
        await compare(script, oracle, candidate)
      } catch (error) {
        failedMs ??= performance.now()
        throw error
      }
    })
    const result = await fc.check(property, { seed, numRuns: scripts })
    if (!result.failed) continue
    const { errorInstance, counterexamplePath } = result
    const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
    throw new Error(`SEED=${seed} flavour=${flavour} path=${counterexamplePath}\n${why}`)
  }
  return { requests }
}
