/** getEphemerals: paths of the session's own ephemeral znodes. */

import { type GetEphemeralsRequest, OP, type Result } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { readStrings } from './strings.ts'
import { textOrEmpty } from './text.ts'

/* GetEphemeralsRequest => prefixPath
     prefixPath => USTRING; null and '' stand for all of the session's */
function decodeGetEphemerals(reader: JuteReader): GetEphemeralsRequest {
  return { type: 'getEphemerals', prefixPath: textOrEmpty(reader) }
}

function encodeGetEphemerals(writer: JuteWriter, request: Sent<GetEphemeralsRequest>): void {
  writer.string(request.prefixPath)
}

/* GetEphemeralsResponse => ephemerals
     ephemerals => VECTOR of USTRING; writeStrings is its encoder */
function decodePathsReply(reader: JuteReader): Result {
  return { type: 'paths', paths: readStrings(reader) }
}

export const getEphemerals = {
  op: OP.getEphemerals,
  decodeRequest: decodeGetEphemerals,
  encodeRequest: encodeGetEphemerals,
  decodeReply: decodePathsReply,
} as const satisfies Codec
