/** What stands before the record of every request but the ConnectRequest. */

import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface RequestHeader {
  readonly xid: number
  readonly op: number
}

/* RequestHeader => xid type
     xid  => INT, chosen by the client; some have a meaning of their own: see XID in wire/opcodes
     type => INT, the opcode */
export function encodeRequestHeader(writer: JuteWriter, xid: number, op: number): void {
  writer.int(xid)
  writer.int(op)
}

/** A connection that serves many requests reads the two numbers itself, without an object. */
export function decodeRequestHeader(reader: JuteReader): RequestHeader {
  return { xid: reader.int(), op: reader.int() }
}
