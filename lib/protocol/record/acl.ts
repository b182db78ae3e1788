/** The ACL of a znode: a vector of entries. */

import type { Acl } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { textOrEmpty } from './text.ts'

/** Permissions and two empty strings. */
const ACL_BYTES_MIN = 12

/* vector => count ACL*
     count => INT, −1 for null
   ACL => perms scheme id
     perms  => INT
     scheme => USTRING
     id     => USTRING */
export function writeAcl(writer: JuteWriter, acl: readonly Acl[] | null): void {
  if (acl === null) {
    writer.int(-1)
    return
  }
  writer.int(acl.length)
  for (const entry of acl) {
    writer.int(entry.perms)
    writer.string(entry.id.scheme)
    writer.string(entry.id.id)
  }
}

export function readAcl(reader: JuteReader): Acl[] | null {
  const count = reader.count(ACL_BYTES_MIN)
  if (count < 0) return null
  const acl: Acl[] = []
  for (let i = 0; i < count; i++) {
    const perms = reader.int()
    const scheme = textOrEmpty(reader)
    acl.push({ perms, id: { scheme, id: textOrEmpty(reader) } })
  }
  return acl
}
