/** What every record of an opcode has in common; each opcode's file of this folder exports one. */

import type { Request, Result } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

/**
 * The two records of one opcode, both directions, without the headers before them. How a server
 * encodes the reply is chosen by the result instead, since several opcodes share one: see
 * wire/encode-reply. No function uses `this`: the tables of wire/ call them bare.
 */
export interface Codec {
  readonly op: number
  /** Server. Absent: a client may not send it. @throws {WireError} for a malformed record */
  readonly decodeRequest?: (reader: JuteReader) => Request
  /** Client. Takes more than decodeRequest returns: what a server refuses can be sent, too. */
  readonly encodeRequest: (writer: JuteWriter, request: never) => void
  /** Client, behind a header without an error. @throws {WireError} for a malformed record */
  readonly decodeReply: (reader: JuteReader) => Result
}

/** A request as a client may send it: every path and name may be null on the wire. */
export type Sent<R> = {
  readonly [K in keyof R as Exclude<K, 'type' | 'op'>]: R[K] extends string ? R[K] | null : R[K]
}
