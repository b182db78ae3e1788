/** Which blocks of the sources ran, and how often: V8's precise coverage, read in this process. Neighbour: loop. */
import { type Profiler, Session } from 'node:inspector'

const SOURCES = /^file:.*\/(lib|proxy)\//

export interface Seen {
  /** Blocks that ran for the first time since the coverage began. */
  readonly fresh: number
  /** Blocks entered since the last look, all of them together: a count of steps that no clock is in. */
  readonly steps: number
}

export class Coverage {
  readonly #session = new Session()
  readonly #known = new Set<string>()

  constructor() {
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  get blocks(): number {
    return this.#known.size
  }

  /** Since the last look; in this turn of the loop, as the session is of this thread. */
  look(): Seen {
    let fresh = 0
    let steps = 0
    let scripts: Profiler.ScriptCoverage[] = []
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error
      scripts = taken.result
    })
    for (const { url, functions } of scripts) {
      if (!SOURCES.test(url)) continue
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue
          steps += count
          const block = `${url}:${startOffset}-${endOffset}`
          if (this.#known.has(block)) continue
          this.#known.add(block)
          fresh++
        }
      }
    }
    return { fresh, steps }
  }

  stop(): void {
    this.#session.post('Profiler.stopPreciseCoverage')
    this.#session.disconnect()
  }
}
