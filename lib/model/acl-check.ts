/**
 * Who may do what: an ACL against the ids that a connection has proven. Short lists are walked. Long ones
 * are looked up, and each answer is kept, so that no list costs a request more than its first.
 * Source: ZooKeeperServer.checkACL.
 */
import { BlockList, isIP } from 'node:net'
import type { Acl, AuthId } from './request.ts'

/** Entries times ids up to which a list is walked for each request. */
const WALKED_MAX = 64

/** `address` or `address/bits`, v4 or v6. */
export function parseSubnet(
  id: string,
): { address: string; bits: number; family: 4 | 6 } | undefined {
  const slash = id.indexOf('/')
  const address = slash < 0 ? id : id.slice(0, slash)
  const family = isIP(address)
  if (family !== 4 && family !== 6) return undefined
  const bitsMax = family === 4 ? 32 : 128
  if (slash < 0) return { address, bits: bitsMax, family }
  const text = id.slice(slash + 1)
  if (!/^\d{1,3}$/.test(text)) return undefined
  const bits = Number(text)
  return bits <= bitsMax ? { address, bits, family } : undefined
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

function addSubnet(list: BlockList, id: string): void {
  const subnet = parseSubnet(id)
  if (subnet === undefined) return
  list.addSubnet(subnet.address, subnet.bits, subnet.family === 4 ? 'ipv4' : 'ipv6')
}

const subnets = new Map<string, BlockList>()
const SUBNETS_MAX = 10_000

function ipMatches(clientAddress: string, id: string): boolean {
  if (clientAddress === id) return true
  let list = subnets.get(id)
  if (list === undefined) {
    list = new BlockList()
    addSubnet(list, id)
    if (subnets.size >= SUBNETS_MAX) subnets.clear()
    subnets.set(id, list)
  }
  return list.check(clientAddress, familyOf(clientAddress))
}

/** A long list, by what a request needs. */
interface Table {
  /** Of world:anyone. */
  readonly worldPerms: number
  /** By scheme and id, but for those that name networks. */
  readonly permsOf: ReadonlyMap<string, number>
  /** By the permissions of its entries: at most 32. */
  readonly networks: ReadonlyMap<number, BlockList>
  /** Answers so far. */
  readonly permsFor: WeakMap<readonly AuthId[], number>
}

const keyOf = ({ scheme, id }: AuthId): string => `${scheme.length}\0${scheme}${id}`
const tables = new WeakMap<readonly Acl[], Table>()

function tableOf(acl: readonly Acl[]): Table {
  const known = tables.get(acl)
  if (known !== undefined) return known
  let worldPerms = 0
  const permsOf = new Map<string, number>()
  const networks = new Map<number, BlockList>()
  for (const { perms, id } of acl) {
    if (id.scheme === 'world') {
      if (id.id === 'anyone') worldPerms |= perms
    } else if (id.scheme === 'ip') {
      // Entries that differ in unknown bits alone share a list.
      const mask = perms & 31
      let list = networks.get(mask)
      if (list === undefined) {
        list = new BlockList()
        networks.set(mask, list)
      }
      addSubnet(list, id.id)
    } else {
      const key = keyOf(id)
      permsOf.set(key, (permsOf.get(key) ?? 0) | perms)
    }
  }
  const table: Table = { worldPerms, permsOf, networks, permsFor: new WeakMap() }
  tables.set(acl, table)
  return table
}

/** By a scheme's own comparison. It walks, once for each list and connection. */
function permsMatched(acl: readonly Acl[], own: AuthId): number {
  let matched = 0
  for (const { perms, id } of acl) {
    if (id.scheme === own.scheme && (matched & perms) !== perms && own.matches?.(id.id) === true) {
      matched |= perms
    }
  }
  return matched
}

function permsFor(acl: readonly Acl[], ids: readonly AuthId[]): number {
  const table = tableOf(acl)
  const known = table.permsFor.get(ids)
  if (known !== undefined) return known
  let perms = table.worldPerms
  for (const own of ids) {
    if (own.scheme === 'ip') {
      for (const [mask, list] of table.networks) {
        if ((perms & mask) !== mask && list.check(own.id, familyOf(own.id))) perms |= mask
      }
    } else perms |= table.permsOf.get(keyOf(own)) ?? 0
    if (own.matches !== undefined) perms |= permsMatched(acl, own)
  }
  table.permsFor.set(ids, perms)
  return perms
}

/** May a session with these ids do any of `perm`? An empty ACL allows everything (A5). */
export function isAllowedBy(acl: readonly Acl[], perm: number, ids: readonly AuthId[]): boolean {
  if (acl.length === 0) return true
  for (const own of ids) if (own.scheme === 'super') return true
  if (acl.length * ids.length > WALKED_MAX) return (permsFor(acl, ids) & perm) !== 0
  for (const { perms, id } of acl) {
    if ((perms & perm) === 0) continue
    if (id.scheme === 'world' && id.id === 'anyone') return true
    for (const own of ids) {
      if (own.scheme !== id.scheme) continue
      if (own.scheme === 'ip' ? ipMatches(own.id, id.id) : own.id === id.id) return true
      if (own.matches?.(id.id) === true) return true
    }
  }
  return false
}
