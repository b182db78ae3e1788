/** What `--server` names: servers or a store, as people write them, and sentences for what is neither. Neighbour: target. */
import { UsageError } from '../flags.ts'

const SERVERS = /^zks?:\/\//
const STORES = /^(?:etcds?|rediss?|file|memory):/
/** host:port, as zkCli takes it. */
const BARE = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:/[\]@?#,]+)(?::\d+)?(?:,[^\s/]+)?(?:\/.*)?$/
const SCHEME = /^[a-z][a-z0-9+.-]*:(?!\d+(?:[,/]|$))/
/** An IPv6 address without its brackets. */
const NAKED_IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/
const WEB = /^https?:\/\//
const PORT = /:(\d+)$/
const PORT_MAX = 65_535

export const isServers = (url: string): boolean => SERVERS.test(url)

/** The URL that was meant: without a scheme it is one of servers. What is malformed is returned as it is. */
export function serverUrl(text: string): string {
  return !SCHEME.test(text) && BARE.test(text) ? `zk://${text}` : text
}

/**
 * As {@link serverUrl}.
 * @throws {UsageError} what was written, and what to write; with an @ in it nothing is repeated, as it may have a password
 */
export function checkedServerUrl(text: string): string {
  const problem = problemOf(text.trim())
  if (problem !== undefined) throw new UsageError(`--server: ${problem}`)
  return serverUrl(text.trim())
}

function problemOf(text: string): string | undefined {
  if (text === '') return 'it is empty: write host:port, or leave the flag out'
  if (STORES.test(text) || text.includes('@')) return undefined
  if (WEB.test(text)) {
    return 'http:// is no scheme here: zk://host:port for ZooKeeper or anykeeper, etcd://host:port for an etcd'
  }
  if (NAKED_IPV6.test(text)) {
    return `an IPv6 address needs brackets: ${JSON.stringify(`[${text}]`)}, or with a port "[${text}]:2181"`
  }
  const url = serverUrl(text)
  if (!isServers(url)) return undefined
  const hosts = url.replace(SERVERS, '').split('/')[0] ?? ''
  if (hosts === '') return 'there is no host in it: write zk://host:port'
  for (const host of hosts.split(',')) {
    const port = Number(PORT.exec(host)?.[1] ?? 1)
    if (port < 1 || port > PORT_MAX) {
      return `the port of ${JSON.stringify(host)} is not from 1 to ${PORT_MAX}`
    }
  }
  return undefined
}
