/**
 * What one run of a load counts. Operations, latencies and errors between warm-up and end; CPU from
 * the first request to the moment the servers are quiet again, divided by all requests: so a load
 * pays for the work that it leaves behind. Neighbours: histogram, ../process-figures.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from '../process-figures.ts'
import { Histogram } from './histogram.ts'

export interface Timing {
  /** Unit s. */
  readonly warmUp: number
  readonly seconds: number
  /** Ends sooner, when so many were counted. */
  readonly operations?: number
}

export interface Measured {
  readonly perSecond: number
  /** Rates of the single seconds, in order. */
  readonly rates: readonly number[]
  /** Counted ones. */
  readonly operations: number
  readonly errors: number
  /** Unit ms. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** CPU seconds per 1,000 operations, by process. */
  readonly cpu: Readonly<Record<string, number>>
  /** CPU seconds of the load's own process per second, and per 1,000 operations. */
  readonly loadCpu: number
  readonly loadCpuPerThousand: number
  /** Until nothing waited to be written behind any more. undefined: the server has no such thing. */
  readonly drainSeconds: number | undefined
}

const PART_MS = 1_000

export class Recorder {
  readonly #histogram = new Histogram()
  readonly #pids: Readonly<Record<string, number>>
  readonly #errno: number
  #all = 0
  #errors = 0
  #counting = false
  #operationsMax = Number.POSITIVE_INFINITY
  #reached: (() => void) | undefined
  #cpuBefore: Record<string, number> = {}

  /** @param errno of a good reply. */
  constructor(pids: Readonly<Record<string, number>>, errno = 0) {
    this.#pids = pids
    this.#errno = errno
  }

  done(errno: number, ms: number): void {
    this.#all++
    if (!this.#counting) return
    if (errno !== this.#errno) this.#errors++
    this.#histogram.record(ms)
    if (this.#histogram.total >= this.#operationsMax) this.#reached?.()
  }

  /** Right before the first request. */
  begin(): void {
    this.#cpuBefore = this.#cpu()
  }

  /** Lets the load run for the warm-up, then counts. */
  async window(timing: Timing): Promise<Omit<Measured, 'cpu' | 'drainSeconds'>> {
    await sleep(timing.warmUp * 1_000)
    const enough = new Promise<void>((resolve) => {
      this.#reached = () => {
        this.#counting = false
        resolve()
      }
    })
    this.#operationsMax = timing.operations ?? Number.POSITIVE_INFINITY
    const ownBefore = process.cpuUsage()
    const startMs = performance.now()
    this.#counting = true
    const rates = await this.#parts(startMs, timing.seconds * 1_000, enough)
    this.#counting = false
    const seconds = (performance.now() - startMs) / 1_000
    const own = process.cpuUsage(ownBefore)
    const ownSeconds = (own.user + own.system) / 1e6
    const { total } = this.#histogram
    return {
      perSecond: total / seconds,
      rates,
      operations: total,
      errors: this.#errors,
      p50: this.#histogram.percentile(0.5),
      p99: this.#histogram.percentile(0.99),
      p999: this.#histogram.percentile(0.999),
      loadCpu: ownSeconds / seconds,
      loadCpuPerThousand: total === 0 ? 0 : (ownSeconds * 1_000) / total,
    }
  }

  /** When the last reply has come and the servers are quiet. */
  end(): Measured['cpu'] {
    const after = this.#cpu()
    const thousands = Math.max(1, this.#all) / 1_000
    const parts = Object.entries(after).map(([name, cpu]) => [
      name,
      (cpu - this.#cpuBefore[name]!) / thousands,
    ])
    return Object.fromEntries(parts)
  }

  /** Waits until the end; returns the rate of each second. */
  async #parts(startMs: number, ms: number, enough: Promise<void>): Promise<number[]> {
    const rates: number[] = []
    let partMs = startMs
    let counted = 0
    let ended = false
    const stop = enough.then(() => {
      ended = true
    })
    while (!ended) {
      const untilMs = Math.min(startMs + ms, partMs + PART_MS)
      const leftMs = untilMs - performance.now()
      if (leftMs > 0) {
        const timer = new AbortController()
        const slept = sleep(leftMs, undefined, { signal: timer.signal }).catch(() => {})
        await Promise.race([slept, stop])
        timer.abort()
      }
      const nowMs = performance.now()
      const { total } = this.#histogram
      // A short rest says little, unless it is all there is.
      if (nowMs - partMs >= PART_MS / 2 || rates.length === 0) {
        rates.push(((total - counted) * 1_000) / (nowMs - partMs))
      }
      counted = total
      partMs = nowMs
      if (nowMs >= startMs + ms) break
    }
    return rates
  }

  #cpu(): Record<string, number> {
    const entries = Object.entries(this.#pids).map(([name, pid]) => [name, cpuSeconds(pid)])
    return Object.fromEntries(entries)
  }
}
