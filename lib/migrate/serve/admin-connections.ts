/**
 * Who is connected to a ZooKeeper, by its AdminServer: four-letter words may be switched off, and its commands are on unless somebody turns
 * them off. It only names clients: what answers at that port may be another server. Neighbour: source-clients.
 */
import { get } from 'node:http'
import { deadline } from '../../base/deadline.ts'
import { hostPortOf } from '../host-port.ts'
import { type ProbeOptions, probeSettings } from '../probe.ts'

/** ZooKeeper's admin.serverPort, unless it is set. */
export const ADMIN_PORT = 8080
/**
 * Addresses of clients that have a session at the server with this client address; none: they are not known. Never rejects.
 * @param port of its AdminServer
 */
export async function adminConnections(
  server: string,
  options: ProbeOptions,
  port: number,
): Promise<readonly string[]> {
  const { host, port: clientPort } = hostPortOf(server)
  const ask = (command: string) => answerOf({ host, port, path: `/commands/${command}` }, options)
  const { client_port: served } = await ask('configuration')
  if (served !== clientPort) return []
  const { connections, secure_connections: secure } = await ask('connections')
  return [connections, secure]
    .flatMap((list) => (Array.isArray(list) ? list : []))
    .flatMap(addressOf)
}

function addressOf(connection: unknown): string[] {
  const { remote_socket_address: address, session_id: session } = Object(connection)
  if (typeof address !== 'string' || session === undefined) return []
  // Java puts a name before the slash, or nothing.
  return [address.slice(address.indexOf('/') + 1)]
}

interface Wanted {
  readonly host: string
  readonly port: number
  readonly path: string
}

/** The object that is answered; an empty one: none is. */
function answerOf(
  wanted: Wanted,
  options: ProbeOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { clock, lookMs, answerMax } = probeSettings(options)
  return new Promise((resolve) => {
    let text = ''
    const request = get({ ...wanted, agent: false }, (response) => {
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
        if (text.length > answerMax) request.destroy()
      })
      response.on('error', () => {})
    })
    const cancel = deadline(clock, lookMs, () => request.destroy())
    request.on('error', () => {})
    request.on('close', () => {
      cancel()
      resolve(objectOf(text))
    })
  })
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
