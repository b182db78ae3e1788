/** exists: the Stat of a znode. */

import { type ExistsRequest, OP } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { decodeStatReply } from './stat.ts'
import { pathNotNull } from './text.ts'

/* ExistsRequest => path watch
     path  => USTRING; the empty path reads the root, as on ZooKeeper 3.8.0
     watch => BOOL
   ExistsResponse => stat */
export function decodeExists(reader: JuteReader): ExistsRequest {
  const path = pathNotNull(reader)
  return { type: 'exists', path, watch: reader.bool() }
}

export function encodeExists(writer: JuteWriter, request: Sent<ExistsRequest>): void {
  writer.string(request.path)
  writer.bool(request.watch)
}

export const exists = {
  op: OP.exists,
  decodeRequest: decodeExists,
  encodeRequest: encodeExists,
  decodeReply: decodeStatReply,
} as const satisfies Codec
