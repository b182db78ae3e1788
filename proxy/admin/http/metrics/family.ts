/**
 * Metrics that are read from the server's own counters when they are scraped, in the form of prom-client's registry. Neighbours:
 * provider-metrics and own-metrics (the tables), metrics-registry.
 */
import { HISTOGRAM_BOUNDS_MS, quantileOf } from '../../../../lib/internal.ts'
import type { HistogramCounts } from '../../counts.ts'

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary'

export interface Sample {
  /** Where it is not the family's: with _sum, _count or _bucket behind it. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: MetricType
  /** Empty: not known here. */
  samples(): readonly Sample[]
}

/** One number; undefined: not known here. */
export function single(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: () => number | undefined,
): Family {
  const samples = () => {
    const number = value()
    return number === undefined ? [] : [{ labels: {}, value: number }]
  }
  return { name, type, help, samples }
}

/** Those of the bounds that Prometheus gets: three in each decade. */
const EXPORTED = HISTOGRAM_BOUNDS_MS.flatMap((bound, i) =>
  /^[125]/.test(bound.toExponential()) && !/^1\.5/.test(bound.toExponential()) ? [i] : [],
)

/** Buckets in seconds, as Prometheus wants them. */
export function bucketsOf(
  name: string,
  histogram: HistogramCounts,
  labels: Readonly<Record<string, string>>,
): readonly Sample[] {
  const samples: Sample[] = []
  let below = 0
  let next = 0
  for (const [i, count] of histogram.counts.entries()) {
    below += count
    if (EXPORTED[next] !== i) continue
    next++
    const le = String((HISTOGRAM_BOUNDS_MS[i] as number) / 1_000)
    samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: below })
  }
  samples.push({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: '+Inf' },
    value: histogram.count,
  })
  samples.push({ metricName: `${name}_sum`, labels, value: histogram.sumMs / 1_000 })
  samples.push({ metricName: `${name}_count`, labels, value: histogram.count })
  return samples
}

const QUANTILES = [0.5, 0.9, 0.99] as const

/** ZooKeeper's summaries: quantiles of the last minutes, and sum and count since the start. Unit ms. */
export function summaryOf(name: string, help: string, histogram: () => HistogramCounts): Family {
  const samples = () => {
    const { recent, sumMs, count } = histogram()
    return [
      ...QUANTILES.map((share) => ({
        labels: { quantile: String(share) },
        value: quantileOf(recent, share),
      })),
      { metricName: `${name}_sum`, labels: {}, value: sumMs },
      { metricName: `${name}_count`, labels: {}, value: count },
    ]
  }
  return { name, help, type: 'summary', samples }
}
