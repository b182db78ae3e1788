/** sync: everything committed before is visible after it. */

import { OP, type SyncRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { decodePathReply, textOrEmpty } from './text.ts'

/* SyncRequest => path
     path => USTRING, neither validated nor looked up; the reply repeats it.
   SyncResponse => path
   Differs: a null path comes back as '' instead of null. */
function decodeSync(reader: JuteReader): SyncRequest {
  return { type: 'sync', path: textOrEmpty(reader) }
}

function encodeSync(writer: JuteWriter, request: Sent<SyncRequest>): void {
  writer.string(request.path)
}

export const sync = {
  op: OP.sync,
  decodeRequest: decodeSync,
  encodeRequest: encodeSync,
  decodeReply: decodePathReply,
} as const satisfies Codec
