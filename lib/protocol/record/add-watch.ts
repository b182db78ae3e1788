/** addWatch: a watch that stays. */

import { WireError } from '../../model/errors.ts'
import { type AddWatchRequest, OP, type Result } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { textOrEmpty } from './text.ts'

/* AddWatchRequest => path mode
     path => USTRING, not looked up and not validated
     mode => INT, 0 persistent, 1 persistent recursive; others are answered −5 */
function decodeAddWatch(reader: JuteReader): AddWatchRequest {
  const path = textOrEmpty(reader)
  const mode = reader.int()
  if (mode !== 0 && mode !== 1) throw new WireError(`watch mode ${mode}`)
  return { type: 'addWatch', path, mode }
}

function encodeAddWatch(writer: JuteWriter, request: Sent<AddWatchRequest>): void {
  writer.string(request.path)
  writer.int(request.mode)
}

/* ErrorResponse => err
     err => INT, 0 behind a header without an error */
export function writeErrorResponse(writer: JuteWriter, errno: number): void {
  writer.int(errno)
}

function decodeErrorResponse(reader: JuteReader): Result {
  return { type: 'errorRecord', errno: reader.int() }
}

export const addWatch = {
  op: OP.addWatch,
  decodeRequest: decodeAddWatch,
  encodeRequest: encodeAddWatch,
  decodeReply: decodeErrorResponse,
} as const satisfies Codec
