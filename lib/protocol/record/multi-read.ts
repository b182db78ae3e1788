/** multiRead: several reads of one state. Its results are in multi-response. */

import { WireError } from '../../model/errors.ts'
import {
  type GetChildrenRequest,
  type GetDataRequest,
  type MultiReadRequest,
  OP,
} from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'
import { decodeGetChildren, encodeGetChildren } from './get-children.ts'
import { decodeGetData, encodeGetData } from './get-data.ts'
import { MULTI_END, readMultiType, writeMultiEnd, writeMultiHeader } from './multi-header.ts'
import { decodeMultiReply } from './multi-response.ts'

/* MultiTransactionRecord => (MultiHeader request)* MultiHeader, as multi; getData and getChildren
   only, also no getChildren2: the whole request is −5 otherwise. */
function decodeMultiRead(reader: JuteReader): MultiReadRequest {
  const ops: (GetDataRequest | GetChildrenRequest)[] = []
  for (let type = readMultiType(reader); type !== MULTI_END; type = readMultiType(reader)) {
    ops.push(decodeReadOp(reader, type))
  }
  return { type: 'multiRead', ops }
}

/* ZooKeeper rebuilds these reads from their paths and thereby loses the watch flag. */
function decodeReadOp(reader: JuteReader, type: number): GetDataRequest | GetChildrenRequest {
  if (type === OP.getData) return { ...decodeGetData(reader), watch: false }
  if (type === OP.getChildren) return { ...decodeGetChildren(reader), watch: false }
  throw new WireError(`operation ${type} in a multiRead`)
}

export interface SentMultiRead {
  readonly ops: readonly (
    | (Sent<GetDataRequest> & Pick<GetDataRequest, 'type'>)
    | (Sent<GetChildrenRequest> & Pick<GetChildrenRequest, 'type'>)
  )[]
}

function encodeMultiRead(writer: JuteWriter, { ops }: SentMultiRead): void {
  for (const op of ops) {
    writeMultiHeader(writer, OP[op.type], -1)
    if (op.type === 'getData') encodeGetData(writer, op)
    else encodeGetChildren(writer, op)
  }
  writeMultiEnd(writer)
}

export const multiRead = {
  op: OP.multiRead,
  decodeRequest: decodeMultiRead,
  encodeRequest: encodeMultiRead,
  decodeReply: decodeMultiReply,
} as const satisfies Codec
