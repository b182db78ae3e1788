/**
 * What a group of equal proxies reports as ZooKeeper's modes, so that monitors of ensembles are content: the one that has been
 * running for the longest is its leader. Nothing else depends on it. See docs/decisions/0009. Neighbours: four-letter-words,
 * metrics, http/commands.
 */
import type { Keeper } from '../../lib/index.ts'

/** Of a tree that follows a ZooKeeper ensemble: observer, clients are served; standby, nobody is. */
export const MODES = [
  'standalone',
  'leader',
  'follower',
  'leaderelection',
  'observer',
  'standby',
] as const
export type Mode = (typeof MODES)[number]

export interface Ensemble {
  readonly mode: Mode
  /** Servers of it, this one included: live proxies by the address they serve. */
  readonly size: number
  /** Address of the leader; empty: there is none, or it has none. */
  readonly leader: string
}

interface Member {
  readonly address: string
  readonly startedMs: number
  /** The lowest of its proxies' ids: who wins where both began in the same millisecond. */
  readonly id: string
}

type EnsembleKeeper = Pick<Keeper, 'proxy' | 'isServing'> & {
  readonly registry: Pick<Keeper['registry'], 'peers'>
  readonly replica?: { readonly mirrors: boolean }
}

const isOlder = (one: Member, other: Member): boolean =>
  one.startedMs < other.startedMs || (one.startedMs === other.startedMs && one.id < other.id)

/** Proxies behind one address are one server, such as those of --workers. Controllers in other processes serve nobody. */
export function ensembleOf({ proxy, isServing, registry, replica }: EnsembleKeeper): Ensemble {
  const members = new Map<string, Member>()
  let own = ''
  for (const [id, { address, leaving, startedMs = Number.POSITIVE_INFINITY }] of registry.peers) {
    const key = address === '' ? id : address
    if (id === proxy) own = key
    else if (leaving || address === '') continue
    const member = { address, startedMs, id }
    const known = members.get(key)
    if (known === undefined || isOlder(member, known)) members.set(key, member)
  }
  if (replica?.mirrors === true) {
    return { mode: isServing ? 'observer' : 'standby', size: members.size, leader: '' }
  }
  if (members.size <= 1) {
    return { mode: 'standalone', size: 1, leader: members.get(own)?.address ?? '' }
  }
  const all = [...members.values()]
  const oldest = all.reduce((a, b) => (isOlder(b, a) ? b : a))
  // Out of reach of the store it knows nothing of the others, who have another leader by now.
  if (!isServing) return { mode: 'leaderelection', size: members.size, leader: '' }
  const mode = members.get(own) === oldest ? 'leader' : 'follower'
  return { mode, size: members.size, leader: oldest.address }
}
