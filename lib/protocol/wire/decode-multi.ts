/** Records of multi and multiRead: headers with requests between them. */

import { WireError } from '../../model/errors.ts'
import {
  CREATE_FLAGS,
  type CreateRequest,
  type GetChildrenRequest,
  type GetDataRequest,
  type MultiOp,
  type MultiReadRequest,
  type MultiRequest,
  OP,
} from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import { decodeGetChildren, decodeGetData } from './decode-read.ts'
import { decodeCheck, decodeCreate, decodeDelete, decodeSetData } from './decode-write.ts'

/* MultiTransactionRecord => (MultiHeader request)* MultiHeader
     MultiHeader => type done err
       type => INT, the request's opcode; −1 in the last header
       done => BOOL, true in the last header
       err  => INT, −1
   As ZooKeeper 3.8.0 reads it (observed): `done` alone ends the list, whatever type and err say; no
   operations at all are fine (and take a zxid); bytes after the end are ignored; a missing end, a
   type that is not allowed (setACL, reads, getChildren2 in multiRead, multi itself, unknown ones) or
   a read beside a write make the whole request −5. */
export function decodeMulti(reader: JuteReader): MultiRequest {
  const ops: MultiOp[] = []
  for (let type = header(reader); type !== END; type = header(reader)) {
    ops.push(decodeMultiOp(reader, type))
  }
  return { type: 'multi', ops }
}

export function decodeMultiRead(reader: JuteReader): MultiReadRequest {
  const ops: (GetDataRequest | GetChildrenRequest)[] = []
  for (let type = header(reader); type !== END; type = header(reader)) {
    ops.push(decodeReadOp(reader, type))
  }
  return { type: 'multiRead', ops }
}

/** No opcode: int32 values are below it. */
const END = 4294967296

function header(reader: JuteReader): number {
  const type = reader.int()
  const done = reader.bool()
  reader.int()
  return done ? END : type
}

/* ZooKeeper rebuilds these reads from their paths: the watch flag is lost on the way. */
function decodeReadOp(reader: JuteReader, type: number): GetDataRequest | GetChildrenRequest {
  if (type === OP.getData) return { ...decodeGetData(reader), watch: false }
  if (type === OP.getChildren) return { ...decodeGetChildren(reader), watch: false }
  throw new WireError(`operation ${type} in a multiRead`)
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
