/**
 * From a frame's body, behind the header, to the request it carries: one table, opcode → decoder.
 * The reader comes from lib/protocol/frame.ts; the connection takes the request from here.
 */

import {
  type CloseSessionRequest,
  OP,
  type PingRequest,
  type Request,
  type WhoAmIRequest,
} from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import { decodeMulti, decodeMultiRead } from './decode-multi.ts'
import { decodeAuth, decodeReconfig, decodeSasl, decodeSync } from './decode-other.ts'
import {
  decodeAddWatch,
  decodeCheckWatches,
  decodeExists,
  decodeGetAcl,
  decodeGetAllChildrenNumber,
  decodeGetChildren,
  decodeGetChildren2,
  decodeGetData,
  decodeGetEphemerals,
  decodeRemoveWatches,
  decodeSetWatches,
  decodeSetWatches2,
} from './decode-read.ts'
import { decodeCreate, decodeDelete, decodeSetAcl, decodeSetData } from './decode-write.ts'

type Decoder = (reader: JuteReader) => Request

const PING: PingRequest = { type: 'ping' }
const WHO_AM_I: WhoAmIRequest = { type: 'whoAmI' }
const CLOSE_SESSION: CloseSessionRequest = { type: 'closeSession' }

/** closeSession (−11) is the least opcode a client sends. */
const LEAST = -OP.closeSession

/* Not in the table, hence UNIMPLEMENTED:
   - check (13) by itself: ZooKeeper 3.8.0 accepts it and then never answers a successful one; since
     3.8.5 it is UNIMPLEMENTED.
   - deleteContainer (20): meant for the server's own reaper, and it skips the ACL.
   - createSession (−10) and error (−1): no client sends them. */
const DECODERS: (Decoder | undefined)[] = []
const put = (op: number, decode: Decoder): void => {
  DECODERS[op + LEAST] = decode
}
for (let op = -LEAST; op <= OP.whoAmI; op++) DECODERS.push(undefined)
put(OP.create, (reader) => decodeCreate(reader, OP.create))
put(OP.delete, decodeDelete)
put(OP.exists, decodeExists)
put(OP.getData, decodeGetData)
put(OP.setData, decodeSetData)
put(OP.getACL, decodeGetAcl)
put(OP.setACL, decodeSetAcl)
put(OP.getChildren, decodeGetChildren)
put(OP.sync, decodeSync)
put(OP.ping, () => PING)
put(OP.getChildren2, decodeGetChildren2)
put(OP.multi, decodeMulti)
put(OP.create2, (reader) => decodeCreate(reader, OP.create2))
put(OP.reconfig, decodeReconfig)
put(OP.checkWatches, decodeCheckWatches)
put(OP.removeWatches, decodeRemoveWatches)
put(OP.createContainer, (reader) => decodeCreate(reader, OP.createContainer))
put(OP.createTTL, (reader) => decodeCreate(reader, OP.createTTL))
put(OP.multiRead, decodeMultiRead)
put(OP.auth, decodeAuth)
put(OP.setWatches, decodeSetWatches)
put(OP.sasl, decodeSasl)
put(OP.getEphemerals, decodeGetEphemerals)
put(OP.getAllChildrenNumber, decodeGetAllChildrenNumber)
put(OP.setWatches2, decodeSetWatches2)
put(OP.addWatch, decodeAddWatch)
put(OP.whoAmI, () => WHO_AM_I)
put(OP.closeSession, () => CLOSE_SESSION)

/* RequestHeader => xid type
     xid  => INT
     type => INT, the opcode */
/**
 * Reads the record of `op`; the caller has read the header (two ints) already. Bytes behind the
 * record are ignored, as by ZooKeeper.
 * @returns undefined for an opcode that clients may not send: answer UNIMPLEMENTED with header zxid
 *   −1, then close.
 * @throws {WireError} for a malformed record; malformedFate(op) says what the client gets.
 */
export function decodeRequest(op: number, reader: JuteReader): Request | undefined {
  const decode = DECODERS[op + LEAST]
  return decode === undefined ? undefined : decode(reader)
}
