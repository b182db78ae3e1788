/**
 * Server: replies and events as whole frames, appended to a connection's writer in the order of the
 * calls. What to say is decided by lib; here it only gets its bytes. Client's side: decode-reply.
 */

import type { Result } from '../../model/request.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { writeErrorResponse } from '../record/add-watch.ts'
import { writePathStat } from '../record/create.ts'
import { writeAclStat } from '../record/get-acl.ts'
import { writeCount } from '../record/get-all-children-number.ts'
import { writeChildrenStat } from '../record/get-children.ts'
import { writeDataStat } from '../record/get-data.ts'
import { writeMultiResults } from '../record/multi-response.ts'
import { encodeReplyHeader } from '../record/reply-header.ts'
import { writeSaslToken } from '../record/sasl.ts'
import { writeStat } from '../record/stat.ts'
import { writeChildren, writeStrings } from '../record/strings.ts'
import { encodeWatcherEvent, SYNC_CONNECTED } from '../record/watcher-event.ts'
import { writeClientInfo } from '../record/who-am-i.ts'
import { XID } from './opcodes.ts'

const NO_ERROR = 0

/* By the result's type: whoever has a result no longer has its opcode, and several opcodes share a
   record. Which opcode has which is in record/, at each codec's decodeReply. The switch stands here and
   not in a function of its own: V8 then inlines the records' writers. */
/** Appends a successful reply. `zxid` is what the replica had applied when the result was read
 *  (0 for auth and sasl). */
export function encodeReply(writer: JuteWriter, xid: number, zxid: number, result: Result): void {
  writer.begin()
  encodeReplyHeader(writer, xid, zxid, NO_ERROR)
  switch (result.type) {
    case 'data':
      writeDataStat(writer, result.data, result.stat)
      break
    case 'stat':
      writeStat(writer, result.stat)
      break
    case 'children':
      writeChildren(writer, result.children)
      break
    case 'childrenStat':
      writeChildrenStat(writer, result.children, result.stat)
      break
    case 'path':
      writer.string(result.path)
      break
    case 'pathStat':
      writePathStat(writer, result.path, result.stat)
      break
    case 'none':
      break
    case 'multi':
      writeMultiResults(writer, result.results)
      break
    case 'acl':
      writeAclStat(writer, result.acl, result.stat)
      break
    case 'paths':
      writeStrings(writer, result.paths)
      break
    case 'count':
      writeCount(writer, result.count)
      break
    case 'whoAmI':
      writeClientInfo(writer, result.ids)
      break
    case 'errorRecord':
      writeErrorResponse(writer, result.errno)
      break
    case 'sasl':
      writeSaslToken(writer, result.token)
      break
    default:
      result satisfies never
  }
  writer.end()
}

/** Appends an error reply: the header alone. */
export function encodeErrorReply(
  writer: JuteWriter,
  xid: number,
  zxid: number,
  errno: number,
): void {
  writer.begin()
  encodeReplyHeader(writer, xid, zxid, errno)
  writer.end()
}

/** Appends the reply to a failed sasl exchange: the one error with a record. */
export function encodeSaslFailure(writer: JuteWriter, xid: number, errno: number): void {
  writer.begin()
  encodeReplyHeader(writer, xid, 0, errno)
  writeSaslToken(writer, null)
  writer.end()
}

/** Appends an event. The zxid is the change's since 3.9, −1 up to 3.8 and for what setWatches finds. */
export function encodeEvent(writer: JuteWriter, type: number, path: string, zxid: number): void {
  writer.begin()
  encodeReplyHeader(writer, XID.notification, zxid, NO_ERROR)
  encodeWatcherEvent(writer, type, SYNC_CONNECTED, path)
  writer.end()
}
