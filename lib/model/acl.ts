/**
 * ACL rules. Pure. A request is judged by the ids its connection has proven (AuthId), see
 * ZooKeeper's PrepRequestProcessor.fixupACL and ZooKeeperServer.checkACL.
 */
import { createHash } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import type { Acl, AuthId } from './request.ts'
import { PERMS } from './request.ts'

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

/** `user:base64(sha1(user:password))`, the digest scheme's id of a proven `user:password`. */
export function digestOf(credentials: Uint8Array): string | undefined {
  const text = Buffer.from(credentials).toString('utf8')
  const user = text.split(':', 1)[0] ?? ''
  return `${user}:${createHash('sha1').update(credentials).digest('base64')}`
}

/** `address` or `address/bits`, v4 or v6. */
function parseSubnet(id: string): { address: string; bits: number; family: 4 | 6 } | undefined {
  const parts = id.split('/')
  const address = parts[0] ?? ''
  const family = isIP(address)
  if (parts.length > 2 || (family !== 4 && family !== 6)) return undefined
  const bitsMax = family === 4 ? 32 : 128
  if (parts.length === 1) return { address, bits: bitsMax, family }
  if (!/^\d{1,3}$/.test(parts[1] ?? '')) return undefined
  const bits = Number(parts[1])
  return bits <= bitsMax ? { address, bits, family } : undefined
}

const subnets = new Map<string, BlockList>()
const SUBNETS_MAX = 10_000

function ipMatches(clientAddress: string, id: string): boolean {
  let list = subnets.get(id)
  if (list === undefined) {
    const subnet = parseSubnet(id)
    if (subnet === undefined) return false
    list = new BlockList()
    list.addSubnet(subnet.address, subnet.bits, subnet.family === 4 ? 'ipv4' : 'ipv6')
    if (subnets.size >= SUBNETS_MAX) subnets.clear()
    subnets.set(id, list)
  }
  return list.check(clientAddress, isIP(clientAddress) === 6 ? 'ipv6' : 'ipv4')
}

/** May a session with these ids do `perm`? An empty ACL allows everything (A5). */
export function isAllowed(acl: readonly Acl[], perm: number, ids: readonly AuthId[]): boolean {
  if (acl === OPEN_ACL || acl.length === 0) return true
  for (const own of ids) if (own.scheme === 'super') return true
  for (const { perms, id } of acl) {
    if ((perms & perm) === 0) continue
    if (id.scheme === 'world' && id.id === 'anyone') return true
    for (const own of ids) {
      if (own.scheme !== id.scheme) continue
      if (own.scheme === 'ip' ? ipMatches(own.id, id.id) : own.id === id.id) return true
    }
  }
  return false
}

/** Java's split drops trailing empty parts, so "a:b:" has two and "a:" has one. */
function partsOf(id: string): number {
  return id.replace(/:+$/, '').split(':').length
}

/** Schemes whose ids may stand in an ACL besides world and auth. */
export const ACL_SCHEMES_DEFAULT: ReadonlySet<string> = new Set(['digest', 'ip'])

function isValidId({ scheme, id }: AuthId, schemes: ReadonlySet<string>): boolean {
  if (scheme !== 'world' && !schemes.has(scheme)) return false
  switch (scheme) {
    case 'world':
      return id === 'anyone'
    case 'digest':
      return partsOf(id) === 2
    case 'ip':
      return parseSubnet(id) !== undefined
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

/**
 * What is stored for a requested ACL: duplicates removed, `auth` expanded to every id the client
 * has proven (ip and super do not count). undefined: INVALIDACL (A2, A3).
 */
export function fixupAcl(
  acl: readonly Acl[] | null,
  ids: readonly AuthId[],
  schemes: ReadonlySet<string> = ACL_SCHEMES_DEFAULT,
): readonly Acl[] | undefined {
  if (acl === null || acl.length === 0) return undefined
  if (acl.length === 1 && isOpen(acl[0] as Acl)) return OPEN_ACL
  const out: Acl[] = []
  for (const entry of withoutDuplicates(acl)) {
    if (entry.id.scheme === 'auth') {
      const proven = ids.filter((own) => own.scheme !== 'ip' && own.scheme !== 'super')
      if (proven.length === 0) return undefined
      for (const own of proven) out.push({ perms: entry.perms, id: own })
    } else if (isValidId(entry.id, schemes)) out.push(entry)
    else return undefined
  }
  return internAcl(out)
}

/** getACL without ADMIN shows digest ids as `user:x` (A4). */
export function maskDigests(acl: readonly Acl[]): readonly Acl[] {
  return acl.map((entry) =>
    entry.id.scheme === 'digest'
      ? {
          perms: entry.perms,
          id: { scheme: 'digest', id: `${entry.id.id.split(':', 1)[0]}:x` },
        }
      : entry,
  )
}

const interned = new Map<string, readonly Acl[]>()
const INTERNED_MAX = 100_000

/** One shared object per distinct list: a million znodes have a handful of ACLs. */
export function internAcl(acl: readonly Acl[]): readonly Acl[] {
  const key = JSON.stringify(acl.map((a) => [a.perms, a.id.scheme, a.id.id]))
  const known = interned.get(key)
  if (known !== undefined) return known
  if (interned.size >= INTERNED_MAX) interned.clear()
  interned.set(key, acl)
  return acl
}
interned.set(JSON.stringify([[PERMS.ALL, 'world', 'anyone']]), OPEN_ACL)
