/**
 * The members of an ensemble as ZooKeeper writes them, in /zookeeper/config and in a leader’s NEWLEADER:
 *   server.ID=host:quorum port:election port[|another address][:role][;[client host:]client port]
 * Source: QuorumPeer.QuorumServer, QuorumMaj.toString. Neighbours: find-members, learner.
 */
import type { Server } from '../client/wire/server-list.ts'

export interface QuorumMember {
  readonly id: number
  /** Quorum addresses: one, or since 3.6 several. */
  readonly quorum: readonly Server[]
  readonly isObserver: boolean
  /** Where it serves clients; undefined: the line does not say, as where clientPort is set apart. */
  readonly client: Server | undefined
}

/** Where members may be reached, as far as an ensemble says: `host:port`, an IPv6 address in brackets. */
export interface MemberAddresses {
  readonly clients: readonly string[]
  readonly quorum: readonly string[]
}

const LINE = /^\s*server\.(\d{1,19})\s*[=:]\s*(.+?)\s*$/
/** An IPv6 address is in brackets, or as old releases write it, without them. */
const ADDRESS = /^(?:\[([^\]]+)\]|(.+?)):(\d{1,5}):\d{1,5}(?::\w+)*$/
/** Behind the semicolon. */
const CLIENT = /^(?:(?:\[([^\]]+)\]|(.+?)):)?(\d{1,5})$/
/** It listens everywhere, or for its own machine alone: where that is, its quorum address says. */
const NO_HOST = /^(?:0\.0\.0\.0|127\..*|localhost|(?:0+:)*:?:?[01]?)$/i
const PORT_MAX = 65_535

/** What is no such line is left out, as are members that it does not understand. */
export function parseQuorumConfig(text: string): QuorumMember[] {
  return text.split('\n').flatMap((line) => {
    const [, id, value = ''] = LINE.exec(line) ?? []
    if (id === undefined) return []
    const [addresses = '', clientText = ''] = value.split(';')
    const quorum = addresses.split('|').flatMap((address): Server[] => {
      const [, ipv6, name, digits] = ADDRESS.exec(address.trim()) ?? []
      const host = ipv6 ?? name
      const port = Number(digits)
      return host === undefined || port < 1 || port > PORT_MAX ? [] : [{ host, port }]
    })
    if (quorum.length === 0) return []
    const client = clientOf(clientText, quorum[0] as Server)
    return [{ id: Number(id), quorum, isObserver: /:observer$/i.test(addresses.trim()), client }]
  })
}

function clientOf(text: string, quorum: Server): Server | undefined {
  const [, ipv6, name, digits] = CLIENT.exec(text.trim()) ?? []
  const port = Number(digits)
  if (!(port >= 1 && port <= PORT_MAX)) return undefined
  const host = ipv6 ?? name
  return { host: host === undefined || NO_HOST.test(host) ? quorum.host : host, port }
}

/** Each address of them once, in their order. */
export function addressesOf(members: readonly QuorumMember[]): MemberAddresses {
  const clients = members.flatMap(({ client }) => (client === undefined ? [] : [client]))
  const quorum = members.flatMap((member) => member.quorum)
  return { clients: distinct(clients).map(shown), quorum: distinct(quorum).map(shown) }
}

/** The same for the same members, whatever their order. */
export function membersText(members: readonly QuorumMember[]): string {
  const lines = members.map(({ id, quorum }) => `${id}=${quorum.map(shown).join('|')}`)
  return lines.sort().join(' ')
}

/** host:port, an IPv6 address in brackets. */
export function shown({ host, port }: Server): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Each address once, the first time that it comes. */
export function distinct(addresses: readonly Server[]): Server[] {
  return [...new Map(addresses.map((address) => [shown(address), address])).values()]
}
