/** The handshake from a client's side, and the first question to each server: where it stands. */
import { OP } from '../../lib/index.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import { JuteWriter } from '../../lib/protocol/jute/writer.ts'
import type { ConnectRequest } from '../../lib/protocol/wire/connect.ts'
import { decodeConnectResponse, decodeReply } from './decode-reply.ts'
import type { Upstream } from './upstream.ts'

/** The body of a ConnectRequest; the grammar is in wire/connect. */
export function encodeConnectRequest(request: ConnectRequest): Buffer {
  return body((writer) => {
    writer.int(request.protocolVersion)
    writer.long(request.lastZxidSeen)
    writer.int(request.timeoutMs)
    writer.bigLong(request.sessionId)
    writer.bytes(request.password)
    if (request.hasReadOnly) writer.bool(request.readOnly)
  })
}

/** A request that has no record: ping, closeSession. */
export function encodeBareRequest(xid: number, op: number): Buffer {
  return body((writer) => {
    writer.int(xid)
    writer.int(op)
  })
}

const PROBE: ConnectRequest = {
  protocolVersion: 0,
  lastZxidSeen: 0,
  timeoutMs: 4_000,
  sessionId: 0n,
  password: new Uint8Array(16),
  readOnly: false,
  hasReadOnly: true,
}

/** Opens and closes a session; the newest zxid of the server is then that of the close. Rejects when
 *  the server does not do so. Ends the connection. */
export async function probeZxid(upstream: Upstream, timeoutMs: number): Promise<number> {
  try {
    const greeting = await upstream.ask(encodeConnectRequest(PROBE), timeoutMs)
    if (greeting.type !== 'reply') throw new Error(`no session: ${greeting.type}`)
    const { sessionId } = decodeConnectResponse(readerOf(greeting.body))
    if (sessionId === 0n) throw new Error('no session')
    const closed = await upstream.ask(encodeBareRequest(1, OP.closeSession), timeoutMs)
    if (closed.type !== 'reply') throw new Error(`session not closed: ${closed.type}`)
    return decodeReply(OP.closeSession, readerOf(closed.body)).zxid
  } finally {
    upstream.destroy()
  }
}

export function readerOf(bytes: Buffer): JuteReader {
  return new JuteReader().reset(bytes, 0, bytes.length)
}

function body(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter()
  writer.begin()
  write(writer)
  writer.end()
  return Buffer.from(writer.take()!.subarray(4))
}
