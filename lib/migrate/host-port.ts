/** Addresses as the source record has them. Neighbours: quorum-config (the other way), serve/zookeeper-upstream. */
import type { SourceRecord } from '../format/source.ts'
import type { HostPort } from './source-feed.ts'

/** `host:port`, an IPv6 address in brackets. */
export function hostPortOf(address: string): HostPort {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(address.slice(colon + 1)) }
}

/** The client and quorum addresses of an ensemble. */
export function membersOf(record: SourceRecord | undefined): {
  readonly servers: readonly HostPort[]
  readonly quorum: readonly HostPort[]
} {
  const { servers = [], quorum = [] } = record ?? {}
  return { servers: servers.map(hostPortOf), quorum: quorum.map(hostPortOf) }
}
