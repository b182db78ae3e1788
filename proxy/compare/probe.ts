/** The first question to each server: where it stands. Neighbours: server, upstream. */
import { OP } from '../../lib/internal.ts'
import { bodyOf } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import {
  type ConnectRequest,
  encodeConnectRequest,
} from '../../lib/protocol/record/connect-request.ts'
import { decodeConnectResponse } from '../../lib/protocol/record/connect-response.ts'
import { decodeReply } from '../../lib/protocol/wire/decode-reply.ts'
import { encodeRequest } from '../../lib/protocol/wire/encode-request.ts'
import type { Upstream } from './upstream.ts'

const PROBE: ConnectRequest = {
  protocolVersion: 0,
  lastZxidSeen: 0,
  timeoutMs: 4_000,
  sessionId: 0n,
  password: new Uint8Array(16),
  readOnly: false,
  hasReadOnly: true,
}
const OPEN = bodyOf((writer) => encodeConnectRequest(writer, PROBE))
const CLOSE = bodyOf((writer) => encodeRequest(writer, 1, OP.closeSession, undefined))

/** Opens and closes a session; the newest zxid of the server is then that of the close. Rejects when
 *  the server does not do so. Ends the connection. */
export async function probeZxid(upstream: Upstream, timeoutMs: number): Promise<number> {
  try {
    const greeting = await upstream.ask(OPEN, timeoutMs)
    if (greeting.type !== 'reply') throw new Error(`no session: ${greeting.type}`)
    const { sessionId } = decodeConnectResponse(JuteReader.of(greeting.body))
    if (sessionId === 0n) throw new Error('no session')
    const closed = await upstream.ask(CLOSE, timeoutMs)
    if (closed.type !== 'reply') throw new Error(`session not closed: ${closed.type}`)
    return decodeReply(OP.closeSession, JuteReader.of(closed.body)).zxid
  } finally {
    upstream.destroy()
  }
}
