/** The handshake's first record: the first frame of a connection, without a header. */

import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface ConnectRequest {
  readonly protocolVersion: number
  /** Highest zxid the client has seen on any server. */
  readonly lastZxidSeen: number
  /** As wished, in ms. */
  readonly timeoutMs: number
  /** 0n requests a new session. */
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

/** Appends the whole frame. */
export function encodeConnectRequest(writer: JuteWriter, request: ConnectRequest): void {
  writer.begin()
  writer.int(request.protocolVersion)
  writer.long(request.lastZxidSeen)
  writer.int(request.timeoutMs)
  writer.bigLong(request.sessionId)
  writer.bytes(request.password)
  if (request.hasReadOnly) writer.bool(request.readOnly)
  writer.end()
}
