/**
 * The first packet: opens a session, or takes one over (H1 to H7). Neighbour: connection.
 */
import type { Connection } from './connection.ts'
import type { JuteReader } from './jute/reader.ts'
import { decodeConnect, EXPIRED, encodeConnect } from './wire/connect.ts'

export async function greet(connection: Connection, reader: JuteReader): Promise<void> {
  const request = decodeConnect(reader)
  const { keeper, logger } = connection.server
  const withReadOnly = request.readOnly !== undefined
  if (!keeper.isServing) return connection.close()
  if (request.lastZxidSeen > keeper.replica.zxid) {
    await keeper.sync()
    if (request.lastZxidSeen > keeper.replica.zxid) {
      logger.warn(
        { client: connection.name, seen: request.lastZxidSeen, ours: keeper.replica.zxid },
        'client has seen a newer zxid than there is, refused',
      )
      return connection.close()
    }
  }
  const ids = connection.initialIds
  if (request.sessionId === 0n) {
    const { session, password } = await keeper.sessions.open(request.timeoutMs, connection, ids)
    encodeConnect(
      connection.writer,
      { timeoutMs: session.timeoutMs, sessionId: session.id, password },
      withReadOnly,
    )
    return connection.opened(session)
  }
  const session = await keeper.sessions.resume(request.sessionId, request.password, connection, ids)
  if (session === undefined) {
    encodeConnect(connection.writer, EXPIRED, withReadOnly)
    return connection.close()
  }
  encodeConnect(
    connection.writer,
    { timeoutMs: session.timeoutMs, sessionId: session.id, password: request.password },
    withReadOnly,
  )
  connection.opened(session)
}
