/**
 * Replies and events as whole frames, appended to a connection's writer in the order of the calls.
 * What to say is decided by lib; here it only gets its bytes.
 */

import type { Acl, AuthId, MultiResult, Result, Stat } from '../../model/request.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { writeChildren, writeStrings } from './encode-strings.ts'
import { XID } from './opcodes.ts'

const NO_ERROR = 0
/** Keeper state of every event sent. Source: Watcher.Event.KeeperState.SyncConnected. */
const SYNC_CONNECTED = 3

/* ReplyHeader => xid zxid err
     xid  => INT, the request's; every ping is answered −2
     zxid => LONG
     err  => INT, 0 or an error; behind an error stands no record */
function header(writer: JuteWriter, xid: number, zxid: number, errno: number): void {
  writer.int(xid)
  writer.long(zxid)
  writer.int(errno)
}

/** Appends a successful reply. `zxid` is what the replica had applied when the result was read
 *  (0 for auth and sasl). */
export function encodeReply(writer: JuteWriter, xid: number, zxid: number, result: Result): void {
  writer.begin()
  header(writer, xid, zxid, NO_ERROR)
  writeResult(writer, result)
  writer.end()
}

/** Appends an error reply: the header alone. */
/* Failed sasl => header, then SetSASLResponse with a null token: the one error with a record. */
export function encodeSaslFailure(writer: JuteWriter, xid: number, errno: number): void {
  writer.begin()
  writer.int(xid)
  writer.long(0)
  writer.int(errno)
  writer.bytes(null)
  writer.end()
}

export function encodeErrorReply(
  writer: JuteWriter,
  xid: number,
  zxid: number,
  errno: number,
): void {
  writer.begin()
  header(writer, xid, zxid, errno)
  writer.end()
}

/* WatcherEvent => type state path, behind ReplyHeader{−1, zxid, 0}
     type  => INT
     state => INT
     path  => USTRING
   The zxid is the change's since 3.9, −1 up to 3.8 and for what setWatches finds. */
export function encodeEvent(writer: JuteWriter, type: number, path: string, zxid: number): void {
  writer.begin()
  header(writer, XID.notification, zxid, NO_ERROR)
  writer.int(type)
  writer.int(SYNC_CONNECTED)
  writer.string(path)
  writer.end()
}

/* CreateResponse, SyncResponse      => path           (path)
   Create2Response                   => path stat      (pathStat)
   Exists-, SetData-, SetACLResponse => stat           (stat)
   GetDataResponse                   => data stat      (data)
   GetACLResponse                    => acl stat       (acl)
   GetChildrenResponse               => children       (children)
   GetChildren2Response              => children stat  (childrenStat)
   MultiResponse                     => see below      (multi)
   GetEphemeralsResponse             => ephemerals     (paths)
   GetAllChildrenNumberResponse      => totalNumber    (count)
   WhoAmIResponse                    => clientInfo     (whoAmI)
   ErrorResponse                     => err            (errorRecord: addWatch answers one of 0)
   SetSASLResponse                   => token          (sasl)
   others                            => nothing        (none) */
function writeResult(writer: JuteWriter, result: Result): void {
  switch (result.type) {
    case 'data':
      writer.byteString(result.data)
      writeStat(writer, result.stat)
      break
    case 'stat':
      writeStat(writer, result.stat)
      break
    case 'children':
      writeChildren(writer, result.children)
      break
    case 'childrenStat':
      writeChildren(writer, result.children)
      writeStat(writer, result.stat)
      break
    case 'path':
      writer.string(result.path)
      break
    case 'pathStat':
      writer.string(result.path)
      writeStat(writer, result.stat)
      break
    case 'none':
      break
    case 'multi':
      writeMulti(writer, result.results)
      break
    case 'acl':
      writeAcl(writer, result.acl)
      writeStat(writer, result.stat)
      break
    case 'paths':
      writeStrings(writer, result.paths)
      break
    case 'count':
      writer.int(result.count)
      break
    case 'whoAmI':
      writeClientInfo(writer, result.ids)
      break
    case 'errorRecord':
      writer.int(result.errno)
      break
    case 'sasl':
      writer.bytes(result.token)
      break
    default:
      result satisfies never
  }
}

/* Stat, 68 bytes => czxid mzxid ctime mtime version cversion aversion ephemeralOwner dataLength
                     numChildren pzxid
     czxid, mzxid, ctime, mtime, ephemeralOwner, pzxid       => LONG
     version, cversion, aversion, dataLength, numChildren    => INT */
function writeStat(writer: JuteWriter, stat: Stat): void {
  writer.long(stat.czxid)
  writer.long(stat.mzxid)
  writer.long(stat.ctime)
  writer.long(stat.mtime)
  writer.int(stat.version)
  writer.int(stat.cversion)
  writer.int(stat.aversion)
  writer.bigLong(stat.ephemeralOwner)
  writer.int(stat.dataLength)
  writer.int(stat.numChildren)
  writer.long(stat.pzxid)
}

/* ACL => perms scheme id */
function writeAcl(writer: JuteWriter, acl: readonly Acl[]): void {
  writer.int(acl.length)
  for (const entry of acl) {
    writer.int(entry.perms)
    writer.string(entry.id.scheme)
    writer.string(entry.id.id)
  }
}

/* ClientInfo => authScheme user */
function writeClientInfo(writer: JuteWriter, ids: readonly AuthId[]): void {
  writer.int(ids.length)
  for (const id of ids) {
    writer.string(id.scheme)
    writer.string(id.id)
  }
}

const MULTI_TYPE = {
  create: 1,
  delete: 2,
  getData: 4,
  setData: 5,
  getChildren: 8,
  check: 13,
  create2: 15,
  error: -1,
} as const satisfies Record<MultiResult['type'], number>

/* MultiResponse => (MultiHeader result)* MultiHeader{−1, true, −1}
     MultiHeader => type done err
     result      => by type: 1 path; 15 path stat; 5 stat; 2 and 13 nothing; 4 data stat;
                    8 children; −1 ErrorResponse{err}, where the header's err is the same number
   A failed multi is still a reply with err 0: every result is of type −1. The operations before the
   failed one carry 0, it carries its error, those behind it −2. */
function writeMulti(writer: JuteWriter, results: readonly MultiResult[]): void {
  for (const result of results) {
    writer.int(MULTI_TYPE[result.type])
    writer.bool(false)
    writer.int(result.type === 'error' ? result.errno : NO_ERROR)
    writeMultiResult(writer, result)
  }
  writer.int(-1)
  writer.bool(true)
  writer.int(-1)
}

function writeMultiResult(writer: JuteWriter, result: MultiResult): void {
  switch (result.type) {
    case 'create':
      writer.string(result.path)
      break
    case 'create2':
      writer.string(result.path)
      writeStat(writer, result.stat)
      break
    case 'setData':
      writeStat(writer, result.stat)
      break
    case 'getData':
      writer.byteString(result.data)
      writeStat(writer, result.stat)
      break
    case 'getChildren':
      writeChildren(writer, result.children)
      break
    case 'error':
      writer.int(result.errno)
      break
    case 'delete':
    case 'check':
      break
    default:
      result satisfies never
  }
}
