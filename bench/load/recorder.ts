/**
 * What one run of a load counts, and only between warm-up and end: operations, errors, latencies,
 * the CPU seconds of the processes under load. Neighbours: histogram, ../process-figures.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds } from '../process-figures.ts'
import { Histogram } from './histogram.ts'

export interface Timing {
  /** Unit s. */
  readonly warmUp: number
  readonly seconds: number
}

export interface Measured {
  readonly perSecond: number
  readonly errors: number
  /** Unit ms. */
  readonly p50: number
  readonly p99: number
  /** CPU seconds of the servers per 1,000 operations. */
  readonly cpuPerThousand: number
  /** CPU seconds of the load's own process per second. */
  readonly loadCpu: number
}

export class Recorder {
  readonly #histogram = new Histogram()
  #errors = 0
  #counting = false

  done(errno: number, ms: number): void {
    if (!this.#counting) return
    if (errno !== 0) this.#errors++
    this.#histogram.record(ms)
  }

  /** Lets the load that already runs go on for the warm-up, then counts. */
  async measure(timing: Timing, pids: readonly number[]): Promise<Measured> {
    await sleep(timing.warmUp * 1_000)
    const cpuBefore = pids.map(cpuSeconds)
    const ownBefore = process.cpuUsage()
    const startMs = performance.now()
    this.#counting = true
    await sleep(timing.seconds * 1_000)
    this.#counting = false
    const seconds = (performance.now() - startMs) / 1_000
    const own = process.cpuUsage(ownBefore)
    let cpu = 0
    pids.forEach((pid, i) => {
      cpu += cpuSeconds(pid) - cpuBefore[i]!
    })
    const { total } = this.#histogram
    return {
      perSecond: total / seconds,
      errors: this.#errors,
      p50: this.#histogram.percentile(0.5),
      p99: this.#histogram.percentile(0.99),
      cpuPerThousand: total === 0 ? 0 : (cpu * 1_000) / total,
      loadCpu: (own.user + own.system) / 1e6 / seconds,
    }
  }
}
