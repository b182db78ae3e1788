/** removeWatches, and checkWatches: whether there is one to remove. */

import { WireError } from '../../model/errors.ts'
import { OP, type RemoveWatchesRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { decodeNothing } from './bare.ts'
import type { Codec, Sent } from './codec.ts'
import { pathNotNull } from './text.ts'

/* CheckWatchesRequest, RemoveWatchesRequest => path type
     path => USTRING
     type => INT, Children 1, Data 2, Any 3, Persistent 4, PersistentRecursive 5; others: −5
   (3.8.0 knows 1 to 3 only)
   The reply has no record. */
function decode(type: RemoveWatchesRequest['type'], reader: JuteReader): RemoveWatchesRequest {
  const path = pathNotNull(reader)
  const watcherType = reader.int()
  if (watcherType < 1 || watcherType > 5) throw new WireError(`watcher type ${watcherType}`)
  return { type, path, watcherType }
}

function encodeRemoveWatches(writer: JuteWriter, request: Sent<RemoveWatchesRequest>): void {
  writer.string(request.path)
  writer.int(request.watcherType)
}

export const checkWatches = {
  op: OP.checkWatches,
  decodeRequest: (reader: JuteReader) => decode('checkWatches', reader),
  encodeRequest: encodeRemoveWatches,
  decodeReply: decodeNothing,
} as const satisfies Codec

export const removeWatches = {
  op: OP.removeWatches,
  decodeRequest: (reader: JuteReader) => decode('removeWatches', reader),
  encodeRequest: encodeRemoveWatches,
  decodeReply: decodeNothing,
} as const satisfies Codec
