/** A string as a path or a name, and the replies that are nothing but one. */

import { WireError } from '../../model/errors.ts'
import type { Result } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'

/** A path, null refused: ZooKeeper answers −5 then (a NullPointerException of its own). */
export function pathNotNull(reader: JuteReader): string {
  const path = reader.string()
  if (path === null) throw new WireError('path is null')
  return path
}

/** A path or name where ZooKeeper treats null and the empty string alike. */
export function textOrEmpty(reader: JuteReader): string {
  return reader.string() ?? ''
}

/* CreateResponse, SyncResponse => path
     path => USTRING; null only as the echo of a sync, and '' here */
export function decodePathReply(reader: JuteReader): Result {
  return { type: 'path', path: textOrEmpty(reader) }
}
