/** What of a tree is near to a limit of clients and servers. Neighbours: survey, report. */
import { counted, shownBytes, shownCount } from '../znode/layout.ts'
import type { Survey } from './survey.ts'

/** jute.maxbuffer of servers, and of clients since 3.5: longer requests and replies end the connection. Unit bytes. */
const FRAME_BYTES_MAX = 0xfffff
/** From this share on it is near. */
const NEAR = 0.75

const of = (bytes: number): string =>
  bytes > FRAME_BYTES_MAX ? 'above' : `${Math.round((100 * bytes) / FRAME_BYTES_MAX)} % of`
const LIMIT = `the 1 MiB of jute.maxbuffer, which is the default of clients and servers`

/** A sentence each, none if all is well. */
export function warningsOf({ largest, widest, unreadable }: Survey): string[] {
  const large = largest.filter(({ count }) => count >= NEAR * FRAME_BYTES_MAX)
  const wide = widest.filter(({ listBytes }) => listBytes >= NEAR * FRAME_BYTES_MAX)
  return [
    ...large.map(
      ({ path, count }) => `${path} has ${shownBytes(count)} of data: ${of(count)} ${LIMIT}`,
    ),
    ...wide.map(
      ({ path, count, listBytes }) =>
        `${path} has ${shownCount(count)} children, whose names take ${shownBytes(listBytes)}: ${of(listBytes)} ${LIMIT}`,
    ),
    ...(unreadable > 0
      ? [
          `${counted(unreadable, 'znode')} may not be read: they and what is below them were not examined`,
        ]
      : []),
  ]
}
