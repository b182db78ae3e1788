/** getChildren and getChildren2: the names of a znode's children, alone or with its Stat. */

import { type GetChildrenRequest, OP, type Result, type Stat } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { readStat, writeStat } from './stat.ts'
import { readStrings, writeChildren } from './strings.ts'
import { pathNotNull } from './text.ts'

/* GetChildrenRequest, GetChildren2Request => path watch
     path  => USTRING; the empty path reads the root, as on ZooKeeper 3.8.0
     watch => BOOL */
export function decodeGetChildren(reader: JuteReader): GetChildrenRequest {
  const path = pathNotNull(reader)
  return { type: 'getChildren', path, watch: reader.bool() }
}

function decodeGetChildren2(reader: JuteReader): GetChildrenRequest {
  const path = pathNotNull(reader)
  return { type: 'getChildren2', path, watch: reader.bool() }
}

export function encodeGetChildren(writer: JuteWriter, request: Sent<GetChildrenRequest>): void {
  writer.string(request.path)
  writer.bool(request.watch)
}

/* GetChildrenResponse  => children
   GetChildren2Response => children stat
     children => VECTOR of USTRING, names without a path, in no order */
export function writeChildrenStat(
  writer: JuteWriter,
  children: readonly string[],
  stat: Stat,
): void {
  writeChildren(writer, children)
  writeStat(writer, stat)
}

function decodeChildrenReply(reader: JuteReader): Result {
  return { type: 'children', children: readStrings(reader) }
}

function decodeChildrenStatReply(reader: JuteReader): Result {
  return { type: 'childrenStat', children: readStrings(reader), stat: readStat(reader) }
}

export const getChildren = {
  op: OP.getChildren,
  decodeRequest: decodeGetChildren,
  encodeRequest: encodeGetChildren,
  decodeReply: decodeChildrenReply,
} as const satisfies Codec

export const getChildren2 = {
  op: OP.getChildren2,
  decodeRequest: decodeGetChildren2,
  encodeRequest: encodeGetChildren,
  decodeReply: decodeChildrenStatReply,
} as const satisfies Codec
