/** The parts of a URL that a doctor is given: the chroot apart from it, and the servers that answer four-letter words. */
import type { Endpoint } from '../../proxy/index.ts'

const ADDRESS = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/
const PORT_DEFAULT = 2181

export interface SplitUrl {
  /** The URL without its chroot. */
  readonly tree: string
  /** '' without one. */
  readonly chroot: string
  /** Of `zk://` alone: a port for TLS answers no words. */
  readonly servers: readonly Endpoint[]
}

/** What is malformed stays in `tree`, for the client to refuse. */
export function splitUrl(url: string): SplitUrl {
  const [, scheme, hosts, chroot = ''] = /^(zks?:\/\/)([^/]*)(\/.*)?$/.exec(url) ?? []
  if (scheme === undefined || hosts === undefined) return { tree: url, chroot: '', servers: [] }
  const servers = hosts.split(',').flatMap((address): Endpoint[] => {
    const [, ipv6, name, port] = ADDRESS.exec(address.trim()) ?? []
    const host = ipv6 ?? name
    return host === undefined ? [] : [{ host, port: Number(port ?? PORT_DEFAULT) }]
  })
  const isPlain = scheme === 'zk://'
  return {
    tree: `${scheme}${hosts}`,
    chroot: chroot.replace(/\/+$/, ''),
    servers: isPlain ? servers : [],
  }
}
