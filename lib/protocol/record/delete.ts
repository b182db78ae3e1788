/** delete; and deleteContainer, which a client may not send. */

import { type DeleteRequest, OP } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { decodeNothing } from './bare.ts'
import type { Codec, Sent } from './codec.ts'
import { pathNotNull } from './text.ts'

/* DeleteRequest => path version
     path    => USTRING
     version => INT, −1 any
   The reply has no record. */
export function decodeDelete(reader: JuteReader): DeleteRequest {
  const path = pathNotNull(reader)
  return { type: 'delete', path, version: reader.int() }
}

export function encodeDelete(writer: JuteWriter, request: Sent<DeleteRequest>): void {
  writer.string(request.path)
  writer.int(request.version)
}

export const remove = {
  op: OP.delete,
  decodeRequest: decodeDelete,
  encodeRequest: encodeDelete,
  decodeReply: decodeNothing,
} as const satisfies Codec

/* deleteContainer is meant for the server's own reaper, and it skips the ACL: from a client it is
   UNIMPLEMENTED, whatever its record is. Its reader is therefore missing here. */
export const removeContainer = {
  op: OP.deleteContainer,
  encodeRequest: encodeDelete,
  decodeReply: decodeNothing,
} as const satisfies Codec
