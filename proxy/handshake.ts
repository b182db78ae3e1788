/** The first packet opens a session or resumes one (H1 to H7). Neighbour: connection. */
import { OP } from '../lib/internal.ts'
import type { JuteReader } from '../lib/protocol/jute/reader.ts'
import { decodeConnectRequest } from '../lib/protocol/record/connect-request.ts'
import {
  encodeConnectResponse,
  encodeSessionGone,
} from '../lib/protocol/record/connect-response.ts'
import type { ClientConnection } from './host.ts'

export async function openSession(connection: ClientConnection, reader: JuteReader): Promise<void> {
  const request = decodeConnectRequest(reader)
  const { keeper, logger } = connection.server
  const { hasReadOnly } = request
  if (!keeper.isServing) return connection.close()
  if (request.lastZxidSeen > keeper.replica.zxid) {
    await keeper.sync()
    if (request.lastZxidSeen > keeper.replica.zxid) {
      logger.warn(
        { client: connection.name, seen: request.lastZxidSeen, ours: keeper.replica.zxid },
        'client has seen a newer zxid than the tree has: disconnected',
      )
      return connection.close()
    }
  }
  const ids = connection.initialIds
  const { timeoutMs: requestedMs, sessionId } = request
  if (sessionId === 0n) {
    connection.server.stats.requested(OP.createSession)
    const { session, password } = await keeper.sessions.open(requestedMs, connection, ids)
    const { id, timeoutMs } = session
    encodeConnectResponse(connection.writer, {
      timeoutMs,
      sessionId: id,
      password,
      readOnly: false,
      hasReadOnly,
    })
    return connection.opened(session)
  }
  const password = request.password ?? new Uint8Array(0)
  const session = await keeper.sessions.resume(sessionId, password, connection, ids, {
    requestedTimeoutMs: requestedMs,
    lastZxidSeen: request.lastZxidSeen,
  })
  if (session === undefined) {
    encodeSessionGone(connection.writer, hasReadOnly)
    return connection.close()
  }
  const { timeoutMs } = session
  encodeConnectResponse(connection.writer, {
    timeoutMs,
    sessionId,
    password,
    readOnly: false,
    hasReadOnly,
  })
  connection.opened(session)
}
