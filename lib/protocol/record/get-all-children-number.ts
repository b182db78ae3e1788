/** getAllChildrenNumber: how many znodes are below one. */

import { type GetAllChildrenNumberRequest, OP, type Result } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { pathNotNull } from './text.ts'

/* GetAllChildrenNumberRequest => path
     path => USTRING */
function decodeRequest(reader: JuteReader): GetAllChildrenNumberRequest {
  return { type: 'getAllChildrenNumber', path: pathNotNull(reader) }
}

function encodeRequest(writer: JuteWriter, request: Sent<GetAllChildrenNumberRequest>): void {
  writer.string(request.path)
}

/* GetAllChildrenNumberResponse => totalNumber
     totalNumber => INT */
export function writeCount(writer: JuteWriter, count: number): void {
  writer.int(count)
}

function decodeCountReply(reader: JuteReader): Result {
  return { type: 'count', count: reader.int() }
}

export const getAllChildrenNumber = {
  op: OP.getAllChildrenNumber,
  decodeRequest,
  encodeRequest,
  decodeReply: decodeCountReply,
} as const satisfies Codec
