/** Rounds → figures. Neighbours: tables, goals. */
import type { Measured } from '../load/recorder.ts'

/** @throws {RangeError} on none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values, no median')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Pair by pair: of rounds that ran one after the other. */
export function ratios(runs: readonly Measured[], base: readonly Measured[]): number[] {
  if (runs.length !== base.length) throw new RangeError('every run needs its partner')
  return runs.map(({ perSecond }, round) => perSecond / base[round]!.perSecond)
}

export const medianOf = (runs: readonly Measured[], figure: (run: Measured) => number): number =>
  median(runs.map(figure))

/** Of all processes together. CPU seconds per 1,000 operations. */
export const cpuOf = ({ cpu }: Measured): number =>
  Object.values(cpu).reduce((sum, part) => sum + part, 0)
