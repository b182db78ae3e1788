/** Runs as the load reports them, for tests of the report. */
import type { Measured } from '../../../bench/load/recorder.ts'

export const measured = (figures: Partial<Measured> = {}): Measured => ({
  perSecond: 1_000,
  rates: [1_000],
  operations: 1_000,
  errors: 0,
  p50: 1,
  p99: 2,
  p999: 3,
  cpu: { server: 0.01 },
  loadCpu: 0.5,
  loadCpuPerThousand: 0.001,
  drainSeconds: undefined,
  ...figures,
})

export const runs = (...rates: number[]): Measured[] =>
  rates.map((perSecond) => measured({ perSecond }))
