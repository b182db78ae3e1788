/**
 * Who may do what: an ACL against the ids that a connection has proven. Short lists are walked. Long ones
 * are looked up, and each answer is kept, so that no list costs a request more than its first.
 * Source: ZooKeeperServer.checkACL.
 */
import { BlockList, isIP } from 'node:net'
import type { Acl, AuthId } from './request.ts'

/** Entries times ids up to which a list is walked for each request. */
const WALKED_MAX = 64

interface Subnet {
  readonly address: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** What Java's parseInt takes: also with a sign, and with zeros before it. */
function wholeOf(text: string, max: number): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = Number(text)
  // Of -0, which BlockList does not take, the number without its sign.
  return value >= 0 && value <= max ? Math.abs(value) : undefined
}

/** Four parts, as they are usually written; undefined: it is none. Source: IPAuthenticationProvider.v4addr2Bytes. */
function v4Of(text: string): string | undefined {
  const parts = text.split('.', 5)
  if (parts.length !== 4) return undefined
  const numbers = parts.map((part) => wholeOf(part, 255))
  return numbers.includes(undefined) ? undefined : numbers.join('.')
}

/** Without a zone, and without a v4 address at its end: ZooKeeper takes neither. */
const isV6 = (text: string): boolean => isIP(text) === 6 && !/[.%]/.test(text)

/** `address` or `address/bits`, v4 or v6. */
export function parseSubnet(id: string): Subnet | undefined {
  const slash = id.indexOf('/')
  const written = slash < 0 ? id : id.slice(0, slash)
  const v4 = v4Of(written)
  if (v4 === undefined && !isV6(written)) return undefined
  const bitsMax = v4 === undefined ? 128 : 32
  const bits = slash < 0 ? bitsMax : wholeOf(id.slice(slash + 1), bitsMax)
  if (bits === undefined) return undefined
  return { address: v4 ?? written, bits, family: v4 === undefined ? 'ipv6' : 'ipv4' }
}

const familyOf = (address: string): Subnet['family'] => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const subnets = new Map<string, { list: BlockList; family: Subnet['family'] | undefined }>()
const SUBNETS_MAX = 10_000

/** An address of v4 is in no network of v6, also not in ::/0, though it has a form of v6. */
function ipMatches(clientAddress: string, id: string): boolean {
  if (clientAddress === id) return true
  let known = subnets.get(id)
  if (known === undefined) {
    const subnet = parseSubnet(id)
    known = { list: new BlockList(), family: subnet?.family }
    if (subnet !== undefined) known.list.addSubnet(subnet.address, subnet.bits, subnet.family)
    if (subnets.size >= SUBNETS_MAX) subnets.clear()
    subnets.set(id, known)
  }
  const family = familyOf(clientAddress)
  return known.family === family && known.list.check(clientAddress, family)
}

/** A long list, by what a request needs. */
interface Table {
  /** Of world:anyone. */
  readonly worldPerms: number
  /** By scheme and id, but for those that name networks. */
  readonly permsOf: ReadonlyMap<string, number>
  /** By the permissions of its entries: at most 32. Each family is on its own. */
  readonly networks: Readonly<Record<Subnet['family'], ReadonlyMap<number, BlockList>>>
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
  const networks = { ipv4: new Map<number, BlockList>(), ipv6: new Map<number, BlockList>() }
  for (const { perms, id } of acl) {
    if (id.scheme === 'world') {
      if (id.id === 'anyone') worldPerms |= perms
    } else if (id.scheme === 'ip') {
      const subnet = parseSubnet(id.id)
      if (subnet === undefined) continue
      const { address, bits, family } = subnet
      // Entries that differ in unknown bits alone share a list.
      const mask = perms & 31
      const list = networks[family].get(mask) ?? new BlockList()
      networks[family].set(mask, list)
      list.addSubnet(address, bits, family)
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
      const family = familyOf(own.id)
      for (const [mask, list] of table.networks[family]) {
        if ((perms & mask) !== mask && list.check(own.id, family)) perms |= mask
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
