/** What stands before the record of every reply and event. */

import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

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
  writer.int(xid)
  writer.long(zxid)
  writer.int(errno)
}

export function decodeReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), errno: reader.int() }
}
