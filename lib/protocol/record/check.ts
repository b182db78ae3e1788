/** check: that a znode has a version. */

import { type CheckRequest, OP } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { decodeNothing } from './bare.ts'
import type { Codec, Sent } from './codec.ts'
import { pathNotNull } from './text.ts'

/* CheckVersionRequest => path version
     path    => USTRING
     version => INT, −1 any
   Inside multi only. */
export function decodeCheck(reader: JuteReader): CheckRequest {
  const path = pathNotNull(reader)
  return { type: 'check', path, version: reader.int() }
}

export function encodeCheck(writer: JuteWriter, request: Sent<CheckRequest>): void {
  writer.string(request.path)
  writer.int(request.version)
}

/* By itself ZooKeeper 3.8.0 accepts it and then never answers a successful one; since 3.8.5 it is
   UNIMPLEMENTED. Its reader is therefore missing here. */
export const check = {
  op: OP.check,
  encodeRequest: encodeCheck,
  decodeReply: decodeNothing,
} as const satisfies Codec
