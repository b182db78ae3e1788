/**
 * Clients that are connected to the ensemble itself while proxies serve: what they write behind the take-over is lost. They are
 * looked for before anybody has to wait, and again when the proxies have stopped, since a client that still names the ensemble
 * may go back to it meanwhile. Line: take-over → here → probe.
 */
import { lookup } from 'node:dns/promises'
import { hostPortOf } from '../host-port.ts'
import { MigrateError } from '../migrate-error.ts'
import {
  type Probed,
  type ProbeOptions,
  probeClientPort,
  queryClientPort,
  unaskedSentence,
} from '../probe.ts'
import { ADMIN_PORT, adminConnections } from './admin-connections.ts'

/** Addresses that are named of each server: their number is said, so nobody needs more of them in one sentence. */
const NAMED_MAX = 5

/** What {@link refuseClients} found. */
export interface Queried {
  /** Client addresses of servers that answered, or may yet. */
  readonly reached: readonly string[]
  /** One sentence each, of those that could not be queried. */
  readonly unasked: readonly string[]
}

/**
 * Nobody but the proxies may write to the ensemble any more.
 * @param clients client addresses of all its members, as far as they are known
 * @param adminPort of the AdminServers, which name clients where cons is switched off
 * @throws {MigrateError} MIGRATE_SOURCE_ANSWERS: a server has clients of its own, or does not say
 */
export async function refuseClients(
  clients: readonly string[],
  options: ProbeOptions = {},
  adminPort = ADMIN_PORT,
): Promise<Queried> {
  const found = await Promise.all(
    (await distinctServers(clients)).map(async (at) => {
      const probed = await probeClientPort(at, options)
      const unasked = unaskedSentence(at, probed)
      return { at, has: await clientsSentence(at, probed, options, adminPort), unasked }
    }),
  )
  const sentences = found.flatMap(({ has }) => has)
  if (sentences.length === 0) {
    const reached = found.flatMap(({ at, unasked }) => (unasked.length > 0 ? [] : [at]))
    return { reached, unasked: found.flatMap(({ unasked }) => unasked) }
  }
  throw new MigrateError(
    'MIGRATE_SOURCE_ANSWERS',
    `${sentences.join('; ')}: move them to the proxies first, what they write afterwards is lost (--source-stays does it all the same)`,
  )
}

/** By where their names lead: two questions to one server would count each other as a client. */
async function distinctServers(clients: readonly string[]): Promise<string[]> {
  const resolved = await Promise.all(
    clients.map(async (at) => {
      const { host, port } = hostPortOf(at)
      const found = await lookup(host, { all: true }).catch(() => [])
      return { at, places: found.map(({ address }) => `${address} ${port}`) }
    }),
  )
  const asked = new Set<string>()
  return resolved.flatMap(({ at, places }) => {
    const isAsked = places.some((place) => asked.has(place))
    for (const place of places) asked.add(place)
    return isAsked ? [] : [at]
  })
}

/** None: it has no clients, or there is no server. */
async function clientsSentence(
  server: string,
  { what, answer }: Probed,
  options: ProbeOptions,
  adminPort: number,
): Promise<string[]> {
  if (what === 'nothing' || what === 'unreached' || what === 'ours') return []
  const [, connections] = /^Connections: (\d+)/m.exec(answer) ?? []
  if (connections === undefined) {
    if (/not currently serving/.test(answer)) return []
    return [
      `${server} does not say whether it has clients (srvr is switched off, or it is hung, or wants TLS)`,
    ]
  }
  // Ours is one of them.
  const others = Number(connections) - 1
  if (others <= 0) return []
  const { answer: list, isWhole } = await queryClientPort(server, 'cons', options)
  // The part that is missing may have the only one that is a client.
  if (!isWhole) return [`${counted(server, others)} (its answer to cons was not whole)`]
  const listed = [...list.matchAll(/^ \/(\S+)\[\d+\]\((.*)$/gm)]
  if (listed.length === 0) {
    const count = counted(server, others)
    const known = await adminConnections(server, options, adminPort)
    if (known.length > 0) return [`${count} (${shortened(known, others)})`]
    return [`${count} (cons, which would name them, is switched off)`]
  }
  // One without a session is a question, as ours, or another monitor's.
  const clients = listed.flatMap(([, address, state = '']) =>
    /\bsid=0x/.test(state) ? [address] : [],
  )
  if (clients.length === 0) return []
  return [`${counted(server, clients.length)} (${shortened(clients, clients.length)})`]
}

/** `count`: how many there are. */
function shortened(clients: readonly (string | undefined)[], count: number): string {
  const few = clients.slice(0, NAMED_MAX)
  return `${few.join(', ')}${few.length < count ? ' and others' : ''}`
}

const counted = (server: string, count: number): string =>
  `${server} has ${count} client${count === 1 ? '' : 's'}`
