/**
 * multi and multiRead requests (M1).
 *
 *   MultiHeader = int type, bool done, int err
 *   multi       = (MultiHeader, record)*, MultiHeader{−1, true, −1}
 *
 * What a ZooKeeper server does not take in a multi fails the whole request with MARSHALLINGERROR.
 */
import {
  type GetChildrenRequest,
  type GetDataRequest,
  type MultiOp,
  OP,
  type Request,
  ZK_ERRORS,
} from '../../lib/index.ts'
import type { JuteReader } from '../jute/reader.ts'
import {
  readCheck,
  readCreate,
  readDelete,
  readGetChildren,
  readGetData,
  readSetData,
} from './decode-request.ts'

const FAILED: Request = { type: 'fail', errno: ZK_ERRORS.MARSHALLING.errno }

/** Calls `read` per operation until the end mark. false: an operation that does not belong here. */
function eachOp(r: JuteReader, read: (type: number) => boolean): boolean {
  for (;;) {
    const type = r.int()
    const done = r.boolean()
    r.int()
    if (done) return true
    if (!read(type)) return false
  }
}

/** Create flags outside the known ones make the request undecodable. Source: CreateMode.fromFlag. */
function knownFlags(flags: number): boolean {
  return flags >= 0 && flags <= 6
}

export function decodeMulti(r: JuteReader): Request {
  const ops: MultiOp[] = []
  let known = true
  const complete = eachOp(r, (type) => {
    switch (type) {
      case OP.create:
      case OP.create2:
      case OP.createContainer:
      case OP.createTTL: {
        const op = readCreate(r, type)
        known &&= knownFlags(op.flags)
        return ops.push(op) > 0
      }
      case OP.delete:
        return ops.push(readDelete(r)) > 0
      case OP.setData:
        return ops.push(readSetData(r)) > 0
      case OP.check:
        return ops.push(readCheck(r)) > 0
      default:
        return false
    }
  })
  return complete && known ? { type: 'multi', ops } : FAILED
}

export function decodeMultiRead(r: JuteReader): Request {
  const ops: (GetDataRequest | GetChildrenRequest)[] = []
  const complete = eachOp(r, (type) => {
    switch (type) {
      case OP.getData:
        return ops.push(readGetData(r)) > 0
      case OP.getChildren:
        return ops.push(readGetChildren(r)) > 0
      default:
        return false
    }
  })
  return complete ? { type: 'multiRead', ops } : FAILED
}
