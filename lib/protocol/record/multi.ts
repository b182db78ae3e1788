/** multi: several changes that all happen, or none. Its results are in multi-response. */

import { WireError } from '../../model/errors.ts'
import {
  CREATE_FLAGS,
  type CreateRequest,
  type MultiOp,
  type MultiRequest,
  OP,
} from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { decodeCheck, encodeCheck } from './check.ts'
import type { Codec, Sent } from './codec.ts'
import { decodeCreate, encodeCreate, encodeCreateTtl } from './create.ts'
import { decodeDelete, encodeDelete } from './delete.ts'
import { MULTI_END, readMultiType, writeMultiEnd, writeMultiHeader } from './multi-header.ts'
import { decodeMultiReply } from './multi-response.ts'
import { decodeSetData, encodeSetData } from './set-data.ts'

/* MultiTransactionRecord => (MultiHeader request)* MultiHeader
   As ZooKeeper 3.8.0 reads it (observed): no operations at all are fine (and take a zxid); bytes after
   the end are ignored; a missing end, a type that is not allowed (setACL, reads, multi itself,
   unknown ones) or a read beside a write make the whole request −5. */
function decodeMulti(reader: JuteReader): MultiRequest {
  const ops: MultiOp[] = []
  for (let type = readMultiType(reader); type !== MULTI_END; type = readMultiType(reader)) {
    ops.push(decodeMultiOp(reader, type))
  }
  return { type: 'multi', ops }
}

function decodeMultiOp(reader: JuteReader, type: number): MultiOp {
  switch (type) {
    case OP.create:
    case OP.create2:
    case OP.createContainer:
    case OP.createTTL:
      return multiCreate(decodeCreate(reader, type))
    case OP.delete:
      return decodeDelete(reader)
    case OP.setData:
      return decodeSetData(reader)
    case OP.check:
      return decodeCheck(reader)
    default:
      throw new WireError(`operation ${type} in a multi`)
  }
}

/* ZooKeeper rebuilds each create of a multi from its flags and forgets the opcode it came with, so
   that here `op` becomes what the server treats it as, and says what the result looks like:
     flags 4                        → 19, result of type 15 {path, stat}
     flags 5, 6 under createTTL     → 21, result of type 15 {path, stat}; a bad ttl fails this
                                      operation with BADARGUMENTS
     flags 5, 6 under another type,
     and unknown flags              → the whole request is −5; see lib/member/plan/multi.ts. 3.8 lets
                                      the error of an earlier operation win, and answers unknown
                                      flags with that operation's BADARGUMENTS
     all else under create2 and
     createContainer                → 15, result of type 15 {path, stat}, no container; 3.8 answers
                                      as for create
     all else                       → 1, result of type 1 {path}, also for createTTL (whose ttl is
                                      then ignored) */
function multiCreate(request: CreateRequest): CreateRequest {
  const { flags, op } = request
  if (flags === CREATE_FLAGS.CONTAINER) return { ...request, op: OP.createContainer, ttlMs: 0 }
  const hasTtl =
    flags === CREATE_FLAGS.PERSISTENT_WITH_TTL ||
    flags === CREATE_FLAGS.PERSISTENT_SEQUENTIAL_WITH_TTL
  if (op === OP.create || (hasTtl && op === OP.createTTL)) return request
  const answersStat = op === OP.create2 || op === OP.createContainer
  return { ...request, op: answersStat ? OP.create2 : OP.create, ttlMs: 0 }
}

/** One operation as a client may send it; `op` of a create is what its header says. */
export type SentMultiOp = MultiOp extends infer Op
  ? Op extends CreateRequest
    ? Sent<Op> & Pick<Op, 'type' | 'op'>
    : Op extends MultiOp
      ? Sent<Op> & Pick<Op, 'type'>
      : never
  : never

export interface SentMulti {
  readonly ops: readonly SentMultiOp[]
}

function encodeMulti(writer: JuteWriter, { ops }: SentMulti): void {
  for (const op of ops) {
    writeMultiHeader(writer, op.type === 'create' ? op.op : OP[op.type], -1)
    encodeMultiOp(writer, op)
  }
  writeMultiEnd(writer)
}

function encodeMultiOp(writer: JuteWriter, op: SentMultiOp): void {
  switch (op.type) {
    case 'create':
      if (op.op === OP.createTTL) encodeCreateTtl(writer, op)
      else encodeCreate(writer, op)
      break
    case 'delete':
      encodeDelete(writer, op)
      break
    case 'setData':
      encodeSetData(writer, op)
      break
    case 'check':
      encodeCheck(writer, op)
      break
    default:
      op satisfies never
  }
}

export const multi = {
  op: OP.multi,
  decodeRequest: decodeMulti,
  encodeRequest: encodeMulti,
  decodeReply: decodeMultiReply,
} as const satisfies Codec
