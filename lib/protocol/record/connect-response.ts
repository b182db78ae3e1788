/** The handshake's second record: the first frame of the server, without a header. */

import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface ConnectResponse {
  /** As granted, in ms; with 0 the server says that the session is gone. */
  readonly timeoutMs: number
  readonly sessionId: bigint
  /** 16 bytes. */
  readonly password: Uint8Array
  readonly readOnly: boolean
  readonly hasReadOnly: boolean
}

const PASSWORD_BYTES = 16

/* ConnectResponse => protocolVersion timeOut sessionId passwd [readOnly]
     protocolVersion => INT, always 0
     timeOut         => INT
     sessionId       => LONG
     passwd          => BUFFER of 16
     readOnly        => BOOL, only if the request had it */
/** Appends the whole frame. */
export function encodeConnectResponse(writer: JuteWriter, response: ConnectResponse): void {
  if (response.password.length !== PASSWORD_BYTES) {
    throw new TypeError(`a session's password has ${PASSWORD_BYTES} bytes`)
  }
  writer.begin()
  writer.int(0)
  writer.int(response.timeoutMs)
  writer.bigLong(response.sessionId)
  writer.bytes(response.password)
  if (response.hasReadOnly) writer.bool(response.readOnly)
  writer.end()
}

/* Refusal of a session that does not exist (any more), or of a wrong password:
   ConnectResponse with timeOut 0, sessionId 0 and 16 zero bytes. The connection then closes. */
export function encodeSessionGone(writer: JuteWriter, hasReadOnly: boolean): void {
  encodeConnectResponse(writer, {
    timeoutMs: 0,
    sessionId: 0n,
    password: new Uint8Array(PASSWORD_BYTES),
    readOnly: false,
    hasReadOnly,
  })
}

/** @throws {WireError} for a record that ends early. */
export function decodeConnectResponse(reader: JuteReader): ConnectResponse {
  reader.int()
  const timeoutMs = reader.int()
  const sessionId = reader.bigLong()
  const password = reader.bytes() ?? new Uint8Array(0)
  const hasReadOnly = reader.left > 0
  return {
    timeoutMs,
    sessionId,
    password,
    readOnly: hasReadOnly && reader.bool(),
    hasReadOnly,
  }
}
