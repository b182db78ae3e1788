/** ZooKeeper's connect string: the servers and the chroot. Source: ConnectStringParser. Neighbours: wire-transport, connect. */
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { isValidPath } from '../../model/path.ts'

export const DEFAULT_PORT = 2181
/** Of servers that speak TLS. */
export const DEFAULT_SECURE_PORT = 2281

export interface Server {
  /** Name or address, an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
}

export interface ServerList {
  readonly servers: readonly Server[]
  /** Path of the znode that is the client's root; '' for the root itself. */
  readonly chroot: string
  /** Over TLS: `zks://`. */
  readonly isSecure: boolean
}

const PREFIX = /^zks?:\/\//
/** A name or an IPv4 address, or an IPv6 address in brackets; then a port, or none. */
const ADDRESS = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:/[\]@?#]+))(?::(\d{1,5}))?$/

export function isServerUrl(url: string): boolean {
  return PREFIX.test(url)
}

/**
 * Reads `zk://host[:port][,host[:port]…][/chroot]`, or `zks://…`; the port is {@link DEFAULT_PORT} unless given, with
 * `zks://` {@link DEFAULT_SECURE_PORT}.
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS, with the part that is wrong, unless that may be a password
 */
export function parseServerUrl(url: string): ServerList {
  const isSecure = url.startsWith('zks:')
  const rest = url.replace(PREFIX, '')
  const slash = rest.indexOf('/')
  const hosts = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '/' : rest.slice(slash)
  if (!isValidPath(path))
    throw wrong(url, `the chroot of ${JSON.stringify(url)} is not a valid path`)
  const servers = hosts.split(',').map((address) => parseServer(address.trim(), url, isSecure))
  return { servers, chroot: path === '/' ? '' : path, isSecure }
}

function parseServer(address: string, url: string, isSecure: boolean): Server {
  const [, ipv6, name, digits] = ADDRESS.exec(address) ?? []
  const host = ipv6 ?? name
  const standard = isSecure ? DEFAULT_SECURE_PORT : DEFAULT_PORT
  const port = digits === undefined ? standard : Number(digits)
  if (host === undefined || port < 1 || port > 65_535) {
    throw wrong(url, `${JSON.stringify(address)} in ${JSON.stringify(url)} is not host:port`)
  }
  return { host, port }
}

/** Before an @ there may be a password, which may have a comma or a slash: then nothing of the URL is repeated. */
function wrong(url: string, sentence: string): ZnodeError {
  const message = url.includes('@') ? NO_USER : sentence
  return new ZnodeError(ZK_ERRORS.BAD_ARGUMENTS.errno, undefined, { message })
}

const NO_USER = 'the URL of servers is not host:port: it takes no user and no password before an @'
