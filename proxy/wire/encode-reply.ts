/**
 * lib's results and events → reply bytes, appended to the connection's writer. A failed request is a
 * header and nothing else (W1). Source: zookeeper.jute. Neighbours: connection, jute/writer.
 */
import type { Acl, EventType, Result, Stat } from '../../lib/index.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { encodeMultiResults } from './encode-multi.ts'

/** xid of a watch event. Source: ClientCnxn (W5). */
export const NOTIFICATION_XID = -1
const STATE_SYNC_CONNECTED = 3

/** ReplyHeader = int xid, long zxid, int err */
function header(w: JuteWriter, xid: number, zxid: number, errno: number): void {
  w.int(xid)
  w.long(zxid)
  w.int(errno)
}

/**
 * Stat = long czxid, long mzxid, long ctime, long mtime, int version, int cversion, int aversion,
 *        long ephemeralOwner, int dataLength, int numChildren, long pzxid
 */
export function writeStat(w: JuteWriter, stat: Stat): void {
  w.long(stat.czxid)
  w.long(stat.mzxid)
  w.long(stat.ctime)
  w.long(stat.mtime)
  w.int(stat.version)
  w.int(stat.cversion)
  w.int(stat.aversion)
  w.bigLong(stat.ephemeralOwner)
  w.int(stat.dataLength)
  w.int(stat.numChildren)
  w.long(stat.pzxid)
}

/** vector = int count, ustring* */
export function writeStrings(w: JuteWriter, strings: readonly string[]): void {
  w.int(strings.length)
  for (const string of strings) w.string(string)
}

function writeAcl(w: JuteWriter, acl: readonly Acl[]): void {
  w.int(acl.length)
  for (const { perms, id } of acl) {
    w.int(perms)
    w.string(id.scheme)
    w.string(id.id)
  }
}

function writeResult(w: JuteWriter, result: Result): void {
  switch (result.type) {
    case 'none':
      return
    case 'data':
      w.buffer(result.data)
      return writeStat(w, result.stat)
    case 'stat':
      return writeStat(w, result.stat)
    case 'path':
      return w.string(result.path)
    case 'pathStat':
      w.string(result.path)
      return writeStat(w, result.stat)
    case 'children':
      return writeStrings(w, result.children)
    case 'childrenStat':
      writeStrings(w, result.children)
      return writeStat(w, result.stat)
    case 'multi':
      return encodeMultiResults(w, result.results)
    case 'acl':
      writeAcl(w, result.acl)
      return writeStat(w, result.stat)
    case 'paths':
      return writeStrings(w, result.paths)
    case 'count':
      return w.int(result.count)
    case 'errorRecord':
      return w.int(result.errno)
    case 'sasl':
      return w.buffer(result.token)
    case 'whoAmI':
      // WhoAmIResponse = vector of ClientInfo{ustring authScheme, ustring user}
      w.int(result.ids.length)
      for (const { scheme, id } of result.ids) {
        w.string(scheme)
        w.string(id)
      }
  }
}

export function encodeReply(w: JuteWriter, xid: number, zxid: number, result: Result): void {
  const start = w.begin()
  header(w, xid, zxid, 0)
  writeResult(w, result)
  w.end(start)
}

export function encodeError(w: JuteWriter, xid: number, zxid: number, errno: number): void {
  const start = w.begin()
  header(w, xid, zxid, errno)
  w.end(start)
}

/** WatcherEvent = int type, int state, ustring path; header zxid −1, as up to 3.8 (W7). */
export function encodeEvent(w: JuteWriter, type: EventType, path: string): void {
  const start = w.begin()
  header(w, NOTIFICATION_XID, -1, 0)
  w.int(type)
  w.int(STATE_SYNC_CONNECTED)
  w.string(path)
  w.end(start)
}
