/** reconfig: other members of the ensemble. anykeeper has none and refuses it. */

import { OP, type ReconfigRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec } from './codec.ts'
import { decodeDataStatReply } from './get-data.ts'

export interface SentReconfig {
  readonly joining: string | null
  readonly leaving: string | null
  readonly newMembers: string | null
  /** zxid of the configuration that is to be replaced; −1 any. */
  readonly curConfigId: number
}

/* ReconfigRequest => joiningServers leavingServers newMembers curConfigId
     joiningServers, leavingServers, newMembers => USTRING
     curConfigId                                => LONG
   The reply is a GetDataResponse: the new configuration as text. */
function decodeReconfig(reader: JuteReader): ReconfigRequest {
  reader.string()
  reader.string()
  reader.string()
  reader.long()
  return { type: 'reconfig' }
}

function encodeReconfig(writer: JuteWriter, request: SentReconfig): void {
  writer.string(request.joining)
  writer.string(request.leaving)
  writer.string(request.newMembers)
  writer.long(request.curConfigId)
}

export const reconfig = {
  op: OP.reconfig,
  decodeRequest: decodeReconfig,
  encodeRequest: encodeReconfig,
  decodeReply: decodeDataStatReply,
} as const satisfies Codec
