/** auth: one more id for the connection. */

import { type AuthRequest, OP } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { decodeNothing } from './bare.ts'
import type { Codec, Sent } from './codec.ts'
import { textOrEmpty } from './text.ts'

export type SentAuth = Sent<AuthRequest> & {
  /** 0 unless given; no server looks at it. */
  readonly authType?: number
}

/* AuthPacket => type scheme auth
     type   => INT, unused
     scheme => USTRING, null is AUTHFAILED like any unknown scheme
     auth   => BUFFER, null is AUTHFAILED; no bytes at all are not
   The reply has no record. */
function decodeAuth(reader: JuteReader): AuthRequest {
  reader.int()
  const scheme = textOrEmpty(reader)
  return { type: 'auth', scheme, auth: reader.bytes() }
}

function encodeAuth(writer: JuteWriter, request: SentAuth): void {
  writer.int(request.authType ?? 0)
  writer.string(request.scheme)
  writer.bytes(request.auth)
}

export const auth = {
  op: OP.auth,
  decodeRequest: decodeAuth,
  encodeRequest: encodeAuth,
  decodeReply: decodeNothing,
} as const satisfies Codec
