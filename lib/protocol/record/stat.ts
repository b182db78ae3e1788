/** The Stat of a znode, and the replies that are nothing but one. */

import type { Result, Stat } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

/* Stat, 68 bytes => czxid mzxid ctime mtime version cversion aversion ephemeralOwner dataLength
                     numChildren pzxid
     czxid, mzxid, ctime, mtime, ephemeralOwner, pzxid       => LONG
     version, cversion, aversion, dataLength, numChildren    => INT */
export function writeStat(writer: JuteWriter, stat: Stat): void {
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
