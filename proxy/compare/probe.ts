/** The first question to each server: where it stands. Neighbour: server. */
import { connect } from '../../lib/index.ts'
import type { Endpoint } from './upstream.ts'

const SESSION_MS = 4_000

/**
 * Opens and closes a session: the newest zxid of the server is then that of the close.
 * @throws {ZnodeError} ZK_CONNECTION_LOSS: the server did not do so within `timeoutMs`
 */
export async function probeZxid({ host, port, tls }: Endpoint, timeoutMs: number): Promise<number> {
  const name = host.includes(':') ? `[${host}]` : host
  const scheme = tls === undefined ? 'zk' : 'zks'
  const client = await connect(`${scheme}://${name}:${port}`, {
    timeoutMs: SESSION_MS,
    connectMs: timeoutMs,
    ...(tls !== undefined && { tls }),
  })
  await client.close()
  return client.lastZxid
}
