/** getData: a znode's data, and its Stat. */

import type { ByteString } from '../../model/byte-string.ts'
import { type GetDataRequest, OP, type Result, type Stat } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { readStat, writeStat } from './stat.ts'
import { pathNotNull } from './text.ts'

/* GetDataRequest => path watch
     path  => USTRING; the empty path reads the root, as on ZooKeeper 3.8.0
     watch => BOOL */
export function decodeGetData(reader: JuteReader): GetDataRequest {
  const path = pathNotNull(reader)
  return { type: 'getData', path, watch: reader.bool() }
}

export function encodeGetData(writer: JuteWriter, request: Sent<GetDataRequest>): void {
  writer.string(request.path)
  writer.bool(request.watch)
}

/* GetDataResponse => data stat
     data => BUFFER, null stays null */
export function writeDataStat(writer: JuteWriter, data: ByteString | null, stat: Stat): void {
  writer.byteString(data)
  writeStat(writer, stat)
}

export function decodeDataStatReply(reader: JuteReader): Result {
  return { type: 'data', data: reader.byteString(), stat: readStat(reader) }
}

export const getData = {
  op: OP.getData,
  decodeRequest: decodeGetData,
  encodeRequest: encodeGetData,
  decodeReply: decodeDataStatReply,
} as const satisfies Codec
