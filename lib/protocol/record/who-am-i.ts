/** whoAmI: the ids that the connection has proven. */

import { type AuthId, OP, type Result, type WhoAmIRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { encodeNothing } from './bare.ts'
import type { Codec } from './codec.ts'
import { textOrEmpty } from './text.ts'

const WHO_AM_I: WhoAmIRequest = { type: 'whoAmI' }
/** Two empty strings. */
const CLIENT_INFO_BYTES_MIN = 8

/* The request has no record.
   WhoAmIResponse => clientInfo
     clientInfo => VECTOR of ClientInfo
   ClientInfo => authScheme user
     authScheme => USTRING
     user       => USTRING */
export function writeClientInfo(writer: JuteWriter, ids: readonly AuthId[]): void {
  writer.int(ids.length)
  for (const id of ids) {
    writer.string(id.scheme)
    writer.string(id.id)
  }
}

function decodeClientInfoReply(reader: JuteReader): Result {
  const count = reader.count(CLIENT_INFO_BYTES_MIN)
  const ids: AuthId[] = []
  for (let i = 0; i < count; i++) {
    ids.push({ scheme: textOrEmpty(reader), id: textOrEmpty(reader) })
  }
  return { type: 'whoAmI', ids }
}

export const whoAmI = {
  op: OP.whoAmI,
  decodeRequest: (): WhoAmIRequest => WHO_AM_I,
  encodeRequest: encodeNothing,
  decodeReply: decodeClientInfoReply,
} as const satisfies Codec
