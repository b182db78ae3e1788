/**
 * Server: from a frame's body, behind the header, to the request it carries. The reader comes from
 * lib/protocol/frame.ts; the connection takes the request from here. Client's side: encode-request.
 */

import type { Request } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import { LEAST_OP, tableOf } from './codecs.ts'

/** A constant of this module is one to V8, an imported one is not. */
const LEAST = LEAST_OP
const DECODERS = tableOf(({ decodeRequest }) => decodeRequest)

/**
 * Reads the record of `op`; the caller has read the header (two ints) already. Bytes behind the
 * record are ignored, as by ZooKeeper.
 * @returns undefined for an opcode that clients may not send: answer UNIMPLEMENTED with header zxid
 *   −1, then close.
 * @throws {WireError} for a malformed record; malformedFate(op) says what the client gets.
 */
export function decodeRequest(op: number, reader: JuteReader): Request | undefined {
  const decode = DECODERS[op - LEAST]
  return decode === undefined ? undefined : decode(reader)
}
