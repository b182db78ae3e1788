/** setData: other data for a znode. */

import { OP, type SetDataRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { decodeStatReply } from './stat.ts'
import { textOrEmpty } from './text.ts'

/* SetDataRequest => path data version
     path    => USTRING, null is BADARGUMENTS like the empty path
     data    => BUFFER
     version => INT, −1 any
   SetDataResponse => stat */
export function decodeSetData(reader: JuteReader): SetDataRequest {
  const path = textOrEmpty(reader)
  const data = reader.byteString()
  return { type: 'setData', path, data, version: reader.int() }
}

export function encodeSetData(writer: JuteWriter, request: Sent<SetDataRequest>): void {
  writer.string(request.path)
  writer.byteString(request.data)
  writer.int(request.version)
}

export const setData = {
  op: OP.setData,
  decodeRequest: decodeSetData,
  encodeRequest: encodeSetData,
  decodeReply: decodeStatReply,
} as const satisfies Codec
