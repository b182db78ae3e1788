/**
 * The first packet each way (H1, H2).
 *
 *   ConnectRequest  = int protocolVersion, long lastZxidSeen, int timeOut, long sessionId,
 *                     buffer passwd, [bool readOnly]
 *   ConnectResponse = int protocolVersion, int timeOut, long sessionId, buffer passwd, [bool readOnly]
 */
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface ConnectRequest {
  readonly lastZxidSeen: number
  /** ms */
  readonly timeoutMs: number
  readonly sessionId: bigint
  readonly password: Uint8Array
  /** undefined: sent by a client before 3.4, which must not get the byte back. */
  readonly readOnly: boolean | undefined
}

export function decodeConnect(reader: JuteReader): ConnectRequest {
  reader.int()
  const lastZxidSeen = reader.long()
  const timeoutMs = reader.int()
  const sessionId = reader.bigLong()
  const password = reader.buffer() ?? new Uint8Array(0)
  const readOnly = reader.remaining > 0 ? reader.boolean() : undefined
  return { lastZxidSeen, timeoutMs, sessionId, password, readOnly }
}

export interface ConnectResponse {
  /** 0 with session 0: the session has expired. */
  readonly timeoutMs: number
  readonly sessionId: bigint
  readonly password: Uint8Array
}

export const EXPIRED: ConnectResponse = {
  timeoutMs: 0,
  sessionId: 0n,
  password: new Uint8Array(16),
}

export function encodeConnect(
  writer: JuteWriter,
  response: ConnectResponse,
  withReadOnly: boolean,
): void {
  const start = writer.begin()
  writer.int(0)
  writer.int(response.timeoutMs)
  writer.bigLong(response.sessionId)
  writer.buffer(response.password)
  if (withReadOnly) writer.boolean(false)
  writer.end(start)
}
