/** Client: requests as whole frames. Server's side: decode-request. */

import type { JuteWriter } from '../jute/writer.ts'
import { encodeRequestHeader } from '../record/request-header.ts'
import { CODECS } from './codecs.ts'

type Codecs = typeof CODECS

/** Opcodes that have a codec. */
export type SentOp = keyof Codecs

/** What is sent with each opcode. Every Request of its kind is one, and more: see Sent. */
export type SentRequests = { readonly [K in SentOp]: Parameters<Codecs[K]['encodeRequest']>[1] }

/** Appends a request. Those without a record (ping, closeSession, whoAmI) take undefined. */
export function encodeRequest<K extends SentOp>(
  writer: JuteWriter,
  xid: number,
  op: K,
  request: SentRequests[K],
): void {
  writer.begin()
  encodeRequestHeader(writer, xid, op)
  // The compiler does not see that both are of the same opcode.
  const encode = CODECS[op].encodeRequest as (writer: JuteWriter, request: SentRequests[K]) => void
  encode(writer, request)
  writer.end()
}
