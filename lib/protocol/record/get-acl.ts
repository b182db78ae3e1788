/** getACL: a znode's ACL, and its Stat. */

import { type Acl, type GetAclRequest, OP, type Result, type Stat } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readAcl, writeAcl } from './acl.ts'
import type { Codec, Sent } from './codec.ts'
import { readStat, writeStat } from './stat.ts'
import { pathNotNull } from './text.ts'

/* GetACLRequest => path
     path => USTRING */
function decodeGetAcl(reader: JuteReader): GetAclRequest {
  return { type: 'getACL', path: pathNotNull(reader) }
}

function encodeGetAcl(writer: JuteWriter, request: Sent<GetAclRequest>): void {
  writer.string(request.path)
}

/* GetACLResponse => acl stat
     acl => VECTOR of ACL */
export function writeAclStat(writer: JuteWriter, acl: readonly Acl[], stat: Stat): void {
  writeAcl(writer, acl)
  writeStat(writer, stat)
}

function decodeAclStatReply(reader: JuteReader): Result {
  return { type: 'acl', acl: readAcl(reader) ?? [], stat: readStat(reader) }
}

export const getAcl = {
  op: OP.getACL,
  decodeRequest: decodeGetAcl,
  encodeRequest: encodeGetAcl,
  decodeReply: decodeAclStatReply,
} as const satisfies Codec
