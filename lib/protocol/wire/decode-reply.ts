/** Client: from a frame's body to the reply it carries. Server's side: encode-reply. */

import { WireError } from '../../model/errors.ts'
import { OP, type Result } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import { decodeReplyHeader, type ReplyHeader } from '../record/reply-header.ts'
import { decodeSaslReply } from '../record/sasl.ts'
import { LEAST_OP, tableOf } from './codecs.ts'

export interface Reply extends ReplyHeader {
  /** Absent behind an error. */
  readonly result: Result | undefined
  /** Bytes behind the record; there should be none. */
  readonly extraBytes: number
}

const DECODERS = tableOf(({ decodeReply }) => decodeReply)

/**
 * Reads header and record. An event (xid −1) is no reply: see record/watcher-event.
 * @param op of the request with that xid
 * @throws {WireError} for a record that `op` does not have.
 */
export function decodeReply(op: number, reader: JuteReader): Reply {
  const { xid, zxid, errno } = decodeReplyHeader(reader)
  const result = decodeResult(op, errno, reader)
  return { xid, zxid, errno, result, extraBytes: reader.left }
}

/** Reads the record behind the header. undefined: an error has none. @throws {WireError} as decodeReply() */
export function decodeResult(op: number, errno: number, reader: JuteReader): Result | undefined {
  if (errno === 0) {
    const decode = DECODERS[op - LEAST_OP]
    if (decode === undefined) throw new WireError(`success of opcode ${op}, which is unknown`)
    return decode(reader)
  }
  return op === OP.sasl && reader.left > 0 ? decodeSaslReply(reader) : undefined
}
