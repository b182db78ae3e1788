/**
 * ACL rules. Pure. A request is judged by the ids its connection has proven (AuthId), see
 * ZooKeeper's PrepRequestProcessor.fixupACL and ZooKeeperServer.checkACL.
 */
import { createHash } from 'node:crypto'
import { isAllowedBy, parseSubnet } from './acl-check.ts'
import { ZK_ERRORS } from './errors.ts'
import type { Acl, AuthId } from './request.ts'
import { PERMS } from './request.ts'
import { isX500Name } from './x500-name.ts'

/** world:anyone may do everything. */
export const OPEN_ACL: readonly Acl[] = [
  { perms: PERMS.ALL, id: { scheme: 'world', id: 'anyone' } },
]
/** world:anyone may read. */
export const READ_ACL: readonly Acl[] = [
  { perms: PERMS.READ, id: { scheme: 'world', id: 'anyone' } },
]
/** The id that passes every check. Source: DigestAuthenticationProvider, superDigest. */
export const SUPER_ID: AuthId = { scheme: 'super', id: '' }

/** What nearly every create requests. */
const isOpen = ({ perms, id }: Acl): boolean =>
  perms === PERMS.ALL && id.scheme === 'world' && id.id === 'anyone'

/** What stands before the first colon, or all of it. A split would look through the rest, too. */
export function userOf(id: string): string {
  const colon = id.indexOf(':')
  return colon < 0 ? id : id.slice(0, colon)
}

/** `user:base64(sha1(user:password))`, the digest scheme's id of a proven `user:password`. */
export function digestOf(credentials: Uint8Array): string | undefined {
  const text = Buffer.from(credentials).toString('utf8')
  return `${userOf(text)}:${createHash('sha1').update(credentials).digest('base64')}`
}

/** May a session with these ids do `perm`? An empty ACL allows everything (A5). */
export function isAllowed(acl: readonly Acl[], perm: number, ids: readonly AuthId[]): boolean {
  return acl === OPEN_ACL || isAllowedBy(acl, perm, ids)
}

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

/** Schemes whose ids may stand in an ACL besides world and auth. */
export const ACL_SCHEMES_DEFAULT: ReadonlySet<string> = new Set(['digest', 'ip'])

function isValidId({ scheme, id }: AuthId, schemes: ReadonlySet<string>): boolean {
  if (scheme !== 'world' && !schemes.has(scheme)) return false
  switch (scheme) {
    case 'world':
      return id === 'anyone'
    case 'digest':
      return hasTwoParts(id)
    case 'ip':
      return parseSubnet(id) !== undefined
    case 'x509':
      return isX500Name(id)
    default:
      return id.length > 0
  }
}

/** Lists may have tens of thousands of entries: comparing each with each would stop the proxy. */
function withoutDuplicates(acl: readonly Acl[]): readonly Acl[] {
  if (acl.length < 2) return acl
  const seen = new Map<string, Acl>()
  for (const entry of acl) {
    const key = `${entry.perms}\0${entry.id.scheme.length}\0${entry.id.scheme}${entry.id.id}`
    if (!seen.has(key)) seen.set(key, entry)
  }
  return [...seen.values()]
}

/** What `auth` may become, bytes of ids: as much as a request may have by default. */
export const EXPANDED_ACL_BYTES_MAX = 0xfffff

/**
 * What is stored for a requested ACL: duplicates removed, `auth` expanded to every id the client
 * has proven (ip and super do not count). A number is the errno: INVALIDACL (A2, A3), or BADARGUMENTS when
 * the expansion has more than {@link EXPANDED_ACL_BYTES_MAX}.
 */
export function fixupAcl(
  acl: readonly Acl[] | null,
  ids: readonly AuthId[],
  schemes: ReadonlySet<string> = ACL_SCHEMES_DEFAULT,
): readonly Acl[] | number {
  if (acl === null || acl.length === 0) return ZK_ERRORS.INVALID_ACL.errno
  if (acl.length === 1 && isOpen(acl[0] as Acl)) return OPEN_ACL
  const proven = ids.filter((own) => own.scheme !== 'ip' && own.scheme !== 'super')
  let provenBytes = 0
  for (const own of proven) provenBytes += own.scheme.length + own.id.length
  let expandedBytes = 0
  const out: Acl[] = []
  for (const entry of withoutDuplicates(acl)) {
    if (entry.id.scheme === 'auth') {
      if (proven.length === 0) return ZK_ERRORS.INVALID_ACL.errno
      expandedBytes += provenBytes
      if (expandedBytes > EXPANDED_ACL_BYTES_MAX) return ZK_ERRORS.BAD_ARGUMENTS.errno
      for (const own of proven) out.push({ perms: entry.perms, id: own })
    } else if (isValidId(entry.id, schemes)) out.push(entry)
    else return ZK_ERRORS.INVALID_ACL.errno
  }
  return internAcl(out)
}

/** getACL without ADMIN shows digest ids as `user:x` (A4). */
export function maskDigests(acl: readonly Acl[]): readonly Acl[] {
  return acl.map((entry) =>
    entry.id.scheme === 'digest'
      ? {
          perms: entry.perms,
          id: { scheme: 'digest', id: `${userOf(entry.id.id)}:x` },
        }
      : entry,
  )
}

/** Only short lists are shared: what a client makes up is not to fill the memory of all. */
const interned = new Map<string, readonly Acl[]>()
const INTERNED_ENTRIES_MAX = 16
const INTERNED_BYTES_MAX = 16 * 1024 * 1024
let internedBytes = 0

/** One shared object per distinct short list: a million znodes have a handful of ACLs. */
export function internAcl(acl: readonly Acl[]): readonly Acl[] {
  if (acl.length === 1 && isOpen(acl[0] as Acl)) return OPEN_ACL
  if (acl.length > INTERNED_ENTRIES_MAX) return acl
  const key = JSON.stringify(acl.map((a) => [a.perms, a.id.scheme, a.id.id]))
  const known = interned.get(key)
  if (known !== undefined) return known
  // The key, and about the same for the list and its place.
  const bytes = 2 * key.length + 200
  if (bytes > INTERNED_BYTES_MAX / 16) return acl
  if (internedBytes + bytes > INTERNED_BYTES_MAX) {
    interned.clear()
    internedBytes = 0
  }
  internedBytes += bytes
  interned.set(key, acl)
  return acl
}
