/** sasl: one token of an exchange that proves who the client is. */

import { WireError } from '../../model/errors.ts'
import { OP, type Result, type SaslRequest } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Codec, Sent } from './codec.ts'

/* GetSASLRequest => token
     token => BUFFER; null makes ZooKeeper close the connection */
function decodeSasl(reader: JuteReader): SaslRequest {
  const token = reader.bytes()
  if (token === null) throw new WireError('sasl token is null')
  return { type: 'sasl', token }
}

function encodeSasl(writer: JuteWriter, request: Sent<SaslRequest>): void {
  writer.bytes(request.token)
}

/* SetSASLResponse => token
     token => BUFFER; null from a server without SASL, and behind the header of a failed exchange:
              the one error with a record */
export function writeSaslToken(writer: JuteWriter, token: Uint8Array | null): void {
  writer.bytes(token)
}

export function decodeSaslReply(reader: JuteReader): Result {
  return { type: 'sasl', token: reader.bytes() }
}

export const sasl = {
  op: OP.sasl,
  decodeRequest: decodeSasl,
  encodeRequest: encodeSasl,
  decodeReply: decodeSaslReply,
} as const satisfies Codec
