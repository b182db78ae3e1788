/** What a comparison found. Neighbours: suites/comparison (measures), tables (show). */
import type { Measured } from '../load/recorder.ts'

export interface Series {
  readonly load: string
  /** By peer, then by round. */
  readonly runs: readonly (readonly Measured[])[]
  readonly ceiling: Measured | undefined
}

export interface Compared {
  /** Of the peers. */
  readonly names: readonly string[]
  readonly series: readonly Series[]
  /** The lines above the table. */
  readonly head: string
}
