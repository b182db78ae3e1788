/**
 * All that a process behind a port reports of itself, and the sum of several. Line: server → here → sum-metrics, counts; workers send it
 * to each other.
 */
import { type Counts, sumCounts } from './counts.ts'
import { type Metric, sumMetrics } from './sum-metrics.ts'

/** The numbers of one process, or of several together. It can be sent as JSON. */
export interface ProcessReport {
  /** The lines of mntr. */
  readonly metrics: readonly Metric[]
  /** What `/metrics` has besides: histograms, operations, errors. */
  readonly counts: Counts
}

/** What the other processes behind one port have reported. */
export interface WorkerMetrics {
  /** One for each process that has answered. */
  readonly reports: readonly ProcessReport[]
  /** Processes that did not answer in time. */
  readonly silent: number
}

/** Of this process and the others together. */
export function sumReports(own: ProcessReport, { reports, silent }: WorkerMetrics): ProcessReport {
  return {
    metrics: [
      ...sumMetrics([own.metrics, ...reports.map(({ metrics }) => metrics)]),
      ['anykeeper_workers', 1 + reports.length],
      ['anykeeper_workers_silent', silent],
    ],
    counts: sumCounts([own.counts, ...reports.map(({ counts }) => counts)]),
  }
}
