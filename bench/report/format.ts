/** Figures as text, the same everywhere. */
import type { Measured } from '../load/recorder.ts'
import { cpuOf, median, medianOf } from './statistics.ts'

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

/** Three digits, or more where the number has them before its point. */
export function short(value: number): string {
  if (value >= 100) return whole(value)
  if (value >= 10) return value.toFixed(1)
  return value.toFixed(2)
}

/** The median, with the least and the greatest. */
export function spread(values: readonly number[], format = whole): string {
  const [least, greatest] = [Math.min(...values), Math.max(...values)].map(format)
  return `${format(median(values))} (${least}–${greatest})`
}

export const rate = (runs: readonly Measured[]): string =>
  spread(runs.map(({ perSecond }) => perSecond))

/** Unit ms. */
export const latency = (runs: readonly Measured[]): string =>
  `${short(medianOf(runs, ({ p50 }) => p50))} / ${short(medianOf(runs, ({ p99 }) => p99))}`

/** CPU microseconds per operation, by process where there are several. */
export function cpu(runs: readonly Measured[]): string {
  const names = Object.keys(runs[0]?.cpu ?? {})
  const total = short(medianOf(runs, cpuOf) * 1_000)
  if (names.length < 2) return total
  const parts = names.map(
    (name) => `${name} ${short(medianOf(runs, (run) => run.cpu[name]! * 1_000))}`,
  )
  return `${total} (${parts.join(', ')})`
}

export const errorsOf = (runs: readonly Measured[]): number =>
  runs.reduce((sum, { errors }) => sum + errors, 0)

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
