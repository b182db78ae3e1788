/** Is a transaction missing between two that follow each other in logs? Neighbours: restore, log-tail. */
import { epochOf } from '../../model/zxid.ts'
import type { DataFile } from './data-files.ts'

const EPOCH = 2 ** 32
const hex = (zxid: number): string => `0x${zxid.toString(16)}`

/** Within an epoch the zxids of a log have no gaps: what fails has one too. @returns a sentence; undefined: nothing is missing */
export function gapBetween(before: number, zxid: number): string | undefined {
  if (zxid === before + 1) return undefined
  const isFirst = zxid % EPOCH === 1
  if (isFirst && epochOf(zxid) > epochOf(before)) return undefined
  return `${hex(zxid)} follows ${hex(before)}: a log is missing between them`
}

/**
 * A snapshot whose zxid is between two that follow each other was taken of what is missing between them.
 * @returns a sentence; undefined: there is none
 */
export function missingBetween(
  before: number,
  zxid: number,
  snapshots: readonly DataFile[],
): string | undefined {
  // The first of an epoch has none before it: such a snapshot is of the epoch before.
  const found = snapshots.find(
    (file) => file.zxid > before && file.zxid < zxid && file.zxid % EPOCH > 0,
  )
  if (found === undefined) return undefined
  return `${hex(zxid)} follows ${hex(before)}, and ${found.name} is between them: a log is missing`
}
