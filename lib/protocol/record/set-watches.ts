/** setWatches and setWatches2: the watches of a client that has reconnected. */

import { OP, type SetWatchesRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { decodeNothing } from './bare.ts'
import type { Codec, Sent } from './codec.ts'
import { readPaths, writeStrings } from './strings.ts'

export type SentSetWatches2 = Sent<SetWatchesRequest>
export type SentSetWatches = Omit<SentSetWatches2, 'persistent' | 'persistentRecursive'>

/* SetWatches => relativeZxid dataWatches existWatches childWatches
     relativeZxid => LONG
     *Watches     => VECTOR of USTRING
   The reply has no record. */
function decodeSetWatches(reader: JuteReader): SetWatchesRequest {
  return {
    type: 'setWatches',
    relativeZxid: reader.long(),
    data: readPaths(reader),
    exist: readPaths(reader),
    child: readPaths(reader),
    persistent: [],
    persistentRecursive: [],
  }
}

function encodeSetWatches(writer: JuteWriter, request: SentSetWatches): void {
  writer.long(request.relativeZxid)
  writeStrings(writer, request.data)
  writeStrings(writer, request.exist)
  writeStrings(writer, request.child)
}

/* SetWatches2 => SetWatches persistentWatches persistentRecursiveWatches
 *Watches => VECTOR of USTRING */
function decodeSetWatches2(reader: JuteReader): SetWatchesRequest {
  return {
    type: 'setWatches',
    relativeZxid: reader.long(),
    data: readPaths(reader),
    exist: readPaths(reader),
    child: readPaths(reader),
    persistent: readPaths(reader),
    persistentRecursive: readPaths(reader),
  }
}

function encodeSetWatches2(writer: JuteWriter, request: SentSetWatches2): void {
  encodeSetWatches(writer, request)
  writeStrings(writer, request.persistent)
  writeStrings(writer, request.persistentRecursive)
}

export const setWatches = {
  op: OP.setWatches,
  decodeRequest: decodeSetWatches,
  encodeRequest: encodeSetWatches,
  decodeReply: decodeNothing,
} as const satisfies Codec

export const setWatches2 = {
  op: OP.setWatches2,
  decodeRequest: decodeSetWatches2,
  encodeRequest: encodeSetWatches2,
  decodeReply: decodeNothing,
} as const satisfies Codec
