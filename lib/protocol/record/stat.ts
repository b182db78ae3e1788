/** The Stat of a znode, and the replies that are nothing but one. */

import type { Result, Stat } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import { type JuteWriter, putLong } from '../jute/writer.ts'

const STAT_BYTES = 68

/* Stat, 68 bytes => czxid mzxid ctime mtime version cversion aversion ephemeralOwner dataLength
                     numChildren pzxid
     czxid, mzxid, ctime, mtime, ephemeralOwner, pzxid       => LONG
     version, cversion, aversion, dataLength, numChildren    => INT */
export function writeStat(writer: JuteWriter, stat: Stat): void {
  const at = writer.room(STAT_BYTES)
  const view = writer.dataView
  putLong(view, at, stat.czxid)
  putLong(view, at + 8, stat.mzxid)
  putLong(view, at + 16, stat.ctime)
  putLong(view, at + 24, stat.mtime)
  view.setInt32(at + 32, stat.version)
  view.setInt32(at + 36, stat.cversion)
  view.setInt32(at + 40, stat.aversion)
  view.setBigInt64(at + 44, stat.ephemeralOwner)
  view.setInt32(at + 52, stat.dataLength)
  view.setInt32(at + 56, stat.numChildren)
  putLong(view, at + 60, stat.pzxid)
}

export function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    ctime: reader.long(),
    mtime: reader.long(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.bigLong(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.long(),
  }
}

/* ExistsResponse, SetDataResponse, SetACLResponse => stat */
export function decodeStatReply(reader: JuteReader): Result {
  return { type: 'stat', stat: readStat(reader) }
}
