/** How old the copy of an ensemble is, for whoever takes it over. Neighbours: take-over, take-over-refusals. */
import type { Clock } from '../base/clock.ts'
import type { SourceRecord } from '../format/source.ts'

const SECOND_MS = 1_000

/**
 * A sentence without full stop: when the ensemble last was followed to its end, to some seconds, and why the connection to it
 * ended. A server that was stopped closes it; where nothing came any more, the ensemble may have led on.
 */
export function copyAge({ currentMs, why }: SourceRecord, clock: Clock): string {
  const ended = why === undefined ? '' : `; the connection to it ended: ${why}`
  if (currentMs === undefined) {
    return `the ensemble has never said that all it had committed was sent${ended}`
  }
  const ageS = Math.max(0, Math.round((clock.now() - currentMs) / SECOND_MS))
  return `the ensemble last said at ${new Date(currentMs).toISOString()}, ${ageS} s ago, that all it had committed was sent${ended}`
}
