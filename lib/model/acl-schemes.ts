/**
 * Which ids may stand in an ACL, scheme by scheme. Pure. Neighbour: acl.
 * Sources: ProviderRegistry, and isValid of each of ZooKeeper's authentication providers.
 */
import { parseSubnet } from './acl-check.ts'
import type { AuthId } from './request.ts'
import { isX500Name } from './x500-name.ts'

/** May this id of the scheme stand in an ACL? It must not throw. */
export type IdCheck = (id: string) => boolean

/**
 * Schemes whose ids may stand in an ACL besides world and auth: a set, or a map with the checks of those that have one
 * of their own. The others are judged as by ZooKeeper (digest, ip, sasl, x509), or need an id that is not empty.
 */
export interface AclSchemes {
  /** May ACLs name it? */
  has(scheme: string): boolean
  /** Its own check; undefined: it has none. */
  get?(scheme: string): IdCheck | undefined
}

/** Schemes that every member knows. */
export const ACL_SCHEMES_DEFAULT: ReadonlySet<string> = new Set(['digest', 'ip'])

/**
 * Has it two parts for Java's split, which drops empty ones at the end? "a:b:" has two, "a:" has one.
 * Walks over a long id once, whatever is in it.
 */
function hasTwoParts(id: string): boolean {
  let end = id.length
  while (end > 0 && id[end - 1] === ':') end--
  const colon = id.indexOf(':')
  if (colon < 0 || colon >= end) return false
  const another = id.indexOf(':', colon + 1)
  return another < 0 || another >= end
}

/** `service[/host]@realm`, or a name without a realm, whatever is in it. Source: KerberosName. */
function isKerberosName(id: string): boolean {
  const at = id.indexOf('@')
  if (at < 0) return true
  if (id.indexOf('@', at + 1) >= 0 || id.indexOf('/', at) >= 0) return false
  const slash = id.indexOf('/')
  return slash < 0 || id.indexOf('/', slash + 1) < 0
}

/** How ids of the schemes that ZooKeeper has are judged. */
const CHECKS: ReadonlyMap<string, IdCheck> = new Map<string, IdCheck>([
  ['digest', hasTwoParts],
  ['ip', (id) => parseSubnet(id) !== undefined],
  ['sasl', isKerberosName],
  ['x509', isX500Name],
])

/** May it stand in an ACL? `auth` stands for other ids and is not one. */
export function isValidId({ scheme, id }: AuthId, schemes: AclSchemes): boolean {
  if (scheme === 'world') return id === 'anyone'
  if (!schemes.has(scheme)) return false
  const check = schemes.get?.(scheme) ?? CHECKS.get(scheme)
  return check === undefined ? id.length > 0 : check(id)
}
