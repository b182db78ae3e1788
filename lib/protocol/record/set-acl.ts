/** setACL: another ACL for a znode. */

import { OP, type SetAclRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readAcl, writeAcl } from './acl.ts'
import type { Codec, Sent } from './codec.ts'
import { decodeStatReply } from './stat.ts'
import { textOrEmpty } from './text.ts'

/* SetACLRequest => path acl version
     path    => USTRING, null is BADARGUMENTS like the empty path
     acl     => VECTOR of ACL
     version => INT, compared with aversion, −1 any
   SetACLResponse => stat */
function decodeSetAcl(reader: JuteReader): SetAclRequest {
  const path = textOrEmpty(reader)
  const acl = readAcl(reader)
  return { type: 'setACL', path, acl, version: reader.int() }
}

function encodeSetAcl(writer: JuteWriter, request: Sent<SetAclRequest>): void {
  writer.string(request.path)
  writeAcl(writer, request.acl)
  writer.int(request.version)
}

export const setAcl = {
  op: OP.setACL,
  decodeRequest: decodeSetAcl,
  encodeRequest: encodeSetAcl,
  decodeReply: decodeStatReply,
} as const satisfies Codec
