/** Records of sync, auth, sasl and reconfig. */

import { WireError } from '../../model/errors.ts'
import type { AuthRequest, ReconfigRequest, SaslRequest, SyncRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import { textOrEmpty } from './decode-fields.ts'

/* SyncRequest => path
     path => USTRING, neither validated nor looked up; the reply repeats it.
   Differs: a null path comes back as '' instead of null. */
export function decodeSync(reader: JuteReader): SyncRequest {
  return { type: 'sync', path: textOrEmpty(reader) }
}

/* AuthPacket => type scheme auth
     type   => INT, unused
     scheme => USTRING, null is AUTHFAILED like any unknown scheme
     auth   => BUFFER, null is AUTHFAILED; no bytes at all are not */
export function decodeAuth(reader: JuteReader): AuthRequest {
  reader.int()
  const scheme = textOrEmpty(reader)
  return { type: 'auth', scheme, auth: reader.bytes() }
}

/* GetSASLRequest => token
     token => BUFFER; null makes ZooKeeper close the connection */
export function decodeSasl(reader: JuteReader): SaslRequest {
  const token = reader.bytes()
  if (token === null) throw new WireError('sasl token is null')
  return { type: 'sasl', token }
}

/* ReconfigRequest => joiningServers leavingServers newMembers curConfigId
     joiningServers, leavingServers, newMembers => USTRING
     curConfigId                                => LONG */
export function decodeReconfig(reader: JuteReader): ReconfigRequest {
  reader.string()
  reader.string()
  reader.string()
  reader.long()
  return { type: 'reconfig' }
}
