/** Fields that ZooKeeper’s stored records share. Source: zookeeper.jute. Neighbours: txn, snapshot-decoder. */
import { internAcl } from '../../model/acl.ts'
import { WireError } from '../../model/errors.ts'
import { isValidPath } from '../../model/path.ts'
import type { Acl } from '../../model/request.ts'
import type { JuteReader } from '../../protocol/jute/reader.ts'

/** Two empty strings and the permissions. */
export const ACL_BYTES_MIN = 12

/** int64. zxids are numbers here: an epoch beyond 2²¹ would not be exact. */
export function readZxid(reader: JuteReader): number {
  return readCount(reader, 'zxid')
}

/** int64, ms since 1970. */
export function readTime(reader: JuteReader): number {
  return readCount(reader, 'time')
}

function readCount(reader: JuteReader, what: string): number {
  const value = reader.long()
  // What is larger comes as the largest.
  if (value < 0 || value >= Number.MAX_SAFE_INTEGER) throw new WireError(`a ${what} out of range`)
  return value
}

export function readPath(reader: JuteReader): string {
  const path = reader.string()
  if (path === null || !isValidPath(path)) {
    throw new WireError(`${JSON.stringify(path?.slice(0, 100) ?? null)} is no path of a znode`)
  }
  return path
}

/** ACL = int perms, ustring scheme, ustring id */
export function readAcl(reader: JuteReader): Acl {
  const perms = reader.int()
  const scheme = reader.string()
  const id = reader.string()
  if (scheme === null || id === null) throw new WireError('an ACL without scheme or id')
  return { perms, id: { scheme, id } }
}

/** vector<ACL> in a record that is all there. Null is an open one, as for ZooKeeper. */
export function readAcls(reader: JuteReader): readonly Acl[] | null {
  const count = reader.count(ACL_BYTES_MIN)
  if (count < 0) return null
  const acls: Acl[] = []
  for (let left = count; left > 0; left--) acls.push(readAcl(reader))
  return internAcl(acls)
}
