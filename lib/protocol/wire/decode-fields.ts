/** Fields that several requests share. */

import { WireError } from '../../model/errors.ts'
import type { Acl } from '../../model/request.ts'
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

/* ACL => perms scheme id
     perms  => INT
     scheme => USTRING
     id     => USTRING */
const ACL_BYTES_MIN = 12

export function aclVector(reader: JuteReader): Acl[] | null {
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

const STRING_BYTES_MIN = 4

/** A vector of paths; a null vector or a null path in it is refused, as by ZooKeeper (−5). */
export function pathVector(reader: JuteReader): string[] {
  const count = reader.count(STRING_BYTES_MIN)
  if (count < 0) throw new WireError('vector of paths is null')
  const paths: string[] = []
  for (let i = 0; i < count; i++) paths.push(pathNotNull(reader))
  return paths
}
