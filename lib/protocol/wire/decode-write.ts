/** Records of the requests that change the tree, except multi. */

import {
  type CheckRequest,
  type CreateRequest,
  type DeleteRequest,
  OP,
  type SetAclRequest,
  type SetDataRequest,
} from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import { aclVector, pathNotNull, textOrEmpty } from './decode-fields.ts'

/* CreateRequest => path data acl flags
     path  => USTRING
     data  => BUFFER, null stays null
     acl   => VECTOR of ACL, null and empty are INVALIDACL
     flags => INT
   CreateTTLRequest => CreateRequest ttl
     ttl   => LONG, ms
   Top level on ZooKeeper 3.8.0 (observed): create with flag 4 makes a container and answers {path};
   createContainer makes a container whatever the flags, which still give it a sequence number;
   flags 5 and 6 want createTTL and createTTL wants flags 5 or 6: BADARGUMENTS otherwise. */
export function decodeCreate(reader: JuteReader, op: 1 | 15 | 19 | 21): CreateRequest {
  const path = pathNotNull(reader)
  const data = reader.byteString()
  const acl = aclVector(reader)
  const flags = reader.int()
  const ttlMs = op === OP.createTTL ? reader.long() : 0
  return { type: 'create', op, path, data, acl, flags, ttlMs }
}

/* DeleteRequest => path version
     path    => USTRING
     version => INT, −1 any */
export function decodeDelete(reader: JuteReader): DeleteRequest {
  const path = pathNotNull(reader)
  return { type: 'delete', path, version: reader.int() }
}

/* SetDataRequest => path data version
     path    => USTRING, null is BADARGUMENTS like the empty path
     data    => BUFFER
     version => INT, −1 any */
export function decodeSetData(reader: JuteReader): SetDataRequest {
  const path = textOrEmpty(reader)
  const data = reader.byteString()
  return { type: 'setData', path, data, version: reader.int() }
}

/* SetACLRequest => path acl version
     path    => USTRING, null is BADARGUMENTS like the empty path
     acl     => VECTOR of ACL
     version => INT, compared with aversion, −1 any */
export function decodeSetAcl(reader: JuteReader): SetAclRequest {
  const path = textOrEmpty(reader)
  const acl = aclVector(reader)
  return { type: 'setACL', path, acl, version: reader.int() }
}

/* CheckVersionRequest => path version
     path    => USTRING
     version => INT, −1 any
   Inside multi only. */
export function decodeCheck(reader: JuteReader): CheckRequest {
  const path = pathNotNull(reader)
  return { type: 'check', path, version: reader.int() }
}
