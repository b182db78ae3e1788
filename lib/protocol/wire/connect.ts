/** The handshake's two records: the first frame of a connection each way, without headers. */

import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface ConnectRequest {
  readonly protocolVersion: number
  /** Highest zxid the client has seen on any server. */
  readonly lastZxidSeen: number
  /** As wished, in ms. */
  readonly timeoutMs: number
  /** 0n asks for a new session. */
  readonly sessionId: bigint
  readonly password: Uint8Array | null
  /** The client would take a read-only server. */
  readonly readOnly: boolean
  /** Whether the record had the readOnly byte: the response has it only then. */
  readonly hasReadOnly: boolean
}

/* ConnectRequest => protocolVersion lastZxidSeen timeOut sessionId passwd [readOnly]
     protocolVersion => INT
     lastZxidSeen    => LONG
     timeOut         => INT
     sessionId       => LONG
     passwd          => BUFFER
     readOnly        => BOOL, absent in clients up to 3.3 and in go-zookeeper */
/* Observed on ZooKeeper 3.8.0: protocolVersion is ignored; bytes behind the record are ignored; with
   sessionId 0 any password will do, also null; a timeout of 0 or less gets the minimum; a wrong
   password is refused, and still ends the connection that holds the session. */
/** @throws {WireError} for a record that ends early: the server then closes without an answer. */
export function decodeConnectRequest(reader: JuteReader): ConnectRequest {
  const protocolVersion = reader.int()
  const lastZxidSeen = reader.long()
  const timeoutMs = reader.int()
  const sessionId = reader.bigLong()
  const password = reader.bytes()
  const hasReadOnly = reader.left > 0
  const readOnly = hasReadOnly && reader.bool()
  return {
    protocolVersion,
    lastZxidSeen,
    timeoutMs,
    sessionId,
    password,
    readOnly,
    hasReadOnly,
  }
}

export interface ConnectResponse {
  /** As granted, in ms; 0 tells the client that its session is gone. */
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
     readOnly        => BOOL, only for those that sent it */
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
