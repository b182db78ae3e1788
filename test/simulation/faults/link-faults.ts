/** Faults of links: held one way or both, slow, lossy, calls that come twice. */
import type { SimNode } from '../world/sim-node.ts'
import type { Bed, Fault, Heal } from './bed.ts'

/** Both directions, or one of them. */
function directions({ random }: Bed, a: SimNode, b: SimNode): (readonly [SimNode, SimNode])[] {
  const dice = random.below(4)
  if (dice === 0) return [[a, b]]
  if (dice === 1) return [[b, a]]
  return [
    [a, b],
    [b, a],
  ]
}

function hold(bed: Bed, pairs: readonly (readonly [SimNode, SimNode])[]): Heal {
  const { network } = bed
  for (const [from, to] of pairs) network.hold(from, to)
  return () => {
    for (const [from, to] of pairs) network.release(from, to)
  }
}

/** Of one proxy with one member, or with all of them. */
function storeLinks(bed: Bed): (readonly [SimNode, SimNode])[] {
  const { random, proxies, cluster } = bed
  const { node } = random.pick(proxies)
  const members = random.chance(0.5) ? cluster.members : [random.pick(cluster.members)]
  return members.map((member) => [node, member.node] as const)
}

export const LINK_FAULTS: readonly Fault[] = [
  {
    name: 'store link held',
    weight: 5,
    lastsMs: [100, 14_000],
    start(bed) {
      const links = storeLinks(bed)
      const way = bed.random.below(4)
      return hold(
        bed,
        links.flatMap(([a, b]) => {
          if (way === 0) return [[a, b] as const]
          if (way === 1) return [[b, a] as const]
          return [[a, b] as const, [b, a] as const]
        }),
      )
    },
  },
  {
    name: 'a proxy reaches no member',
    weight: 2,
    lastsMs: [3_000, 12_000],
    start(bed) {
      const { node } = bed.random.pick(bed.proxies)
      const members = bed.cluster.members.map((member) => member.node)
      const isOneWay = bed.random.chance(0.3)
      return hold(bed, [
        ...members.map((member) => [member, node] as const),
        ...(isOneWay ? [] : members.map((member) => [node, member] as const)),
      ])
    },
  },
  {
    name: 'store link lossy',
    weight: 4,
    lastsMs: [300, 6_000],
    start(bed) {
      const { network, random } = bed
      const links = storeLinks(bed)
      const share = random.between(0.05, 0.6)
      const set = (value: number): void => {
        for (const [a, b] of links) {
          network.stateOf(a, b).lossShare = value
          network.stateOf(b, a).lossShare = value
        }
      }
      set(share)
      return () => set(0)
    },
  },
  {
    name: 'store calls come twice',
    weight: 2,
    lastsMs: [500, 8_000],
    start(bed) {
      const links = storeLinks(bed)
      const share = bed.random.between(0.1, 0.7)
      const set = (value: number): void => {
        for (const [a, b] of links) bed.network.stateOf(a, b).twiceShare = value
      }
      set(share)
      return () => set(0)
    },
  },
  {
    name: 'store link slow',
    weight: 3,
    lastsMs: [300, 8_000],
    start(bed) {
      const { network, random } = bed
      const links = storeLinks(bed)
      const ms = random.between(5, random.pick([50, 1_500]))
      const set = (value: number): void => {
        for (const [a, b] of links) {
          network.stateOf(a, b).extraMs = value
          network.stateOf(b, a).extraMs = value
        }
      }
      set(ms)
      return () => set(0)
    },
  },
  {
    name: 'client link held',
    weight: 2,
    lastsMs: [200, 12_000],
    start(bed) {
      const client = bed.random.pick(bed.clients).node
      const proxy = bed.random.pick(bed.proxies).node
      return hold(bed, directions(bed, client, proxy))
    },
  },
]
