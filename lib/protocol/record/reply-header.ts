/** What stands before the record of every reply and event. */

import type { JuteReader } from '../jute/reader.ts'
import { type JuteWriter, putLong } from '../jute/writer.ts'

const HEADER_BYTES = 16

export interface ReplyHeader {
  readonly xid: number
  readonly zxid: number
  /** 0: success. */
  readonly errno: number
}

/* ReplyHeader => xid zxid err
     xid  => INT, the request's; every ping is answered −2
     zxid => LONG
     err  => INT, 0 or an error; behind an error stands no record, except for sasl */
export function encodeReplyHeader(
  writer: JuteWriter,
  xid: number,
  zxid: number,
  errno: number,
): void {
  const at = writer.room(HEADER_BYTES)
  const view = writer.dataView
  view.setInt32(at, xid)
  putLong(view, at + 4, zxid)
  view.setInt32(at + 12, errno)
}

export function decodeReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), errno: reader.int() }
}
