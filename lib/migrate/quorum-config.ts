/**
 * The members of an ensemble as ZooKeeper writes them, in /zookeeper/config and in a leader’s NEWLEADER:
 *   server.ID=host:quorum port:election port[|another address][:role][;[client host:]client port]
 * Source: QuorumPeer.QuorumServer, QuorumMaj.toString. Neighbours: find-members, learner.
 */
import type { HostPort } from './source-feed.ts'

export interface QuorumMember {
  readonly id: number
  /** Quorum addresses: one, or since 3.6 several. */
  readonly quorum: readonly HostPort[]
  readonly isObserver: boolean
}

const LINE = /^\s*server\.(\d{1,19})\s*[=:]\s*(.+?)\s*$/
/** An IPv6 address is in brackets, or as old releases write it, without them. */
const ADDRESS = /^(?:\[([^\]]+)\]|(.+?)):(\d{1,5}):\d{1,5}(?::\w+)*$/
const PORT_MAX = 65_535

/** What is no such line is left out, as are members that it does not understand. */
export function parseQuorumConfig(text: string): QuorumMember[] {
  return text.split('\n').flatMap((line) => {
    const [, id, value = ''] = LINE.exec(line) ?? []
    if (id === undefined) return []
    const [addresses = ''] = value.split(';')
    const quorum = addresses.split('|').flatMap((address): HostPort[] => {
      const [, ipv6, name, digits] = ADDRESS.exec(address.trim()) ?? []
      const host = ipv6 ?? name
      const port = Number(digits)
      return host === undefined || port < 1 || port > PORT_MAX ? [] : [{ host, port }]
    })
    if (quorum.length === 0) return []
    return [{ id: Number(id), quorum, isObserver: /:observer$/i.test(addresses.trim()) }]
  })
}

/** The same for the same members, whatever their order. */
export function membersText(members: readonly QuorumMember[]): string {
  const lines = members.map(({ id, quorum }) => `${id}=${quorum.map(shown).join('|')}`)
  return lines.sort().join(' ')
}

/** host:port, an IPv6 address in brackets. */
export function shown({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Each address once, the first time that it comes. */
export function distinct(addresses: readonly HostPort[]): HostPort[] {
  return [...new Map(addresses.map((address) => [shown(address), address])).values()]
}
