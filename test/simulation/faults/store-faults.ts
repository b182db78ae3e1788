/** Faults of the store: members down, stopped or cut off, no quorum, compaction, leases, no space. */
import type { ClusterMember } from '../store/cluster-member.ts'
import type { Bed, Fault, Heal } from './bed.ts'

function freezeMembers({ cluster, random }: Bed, count: number): Heal {
  const chosen: ClusterMember[] = []
  for (let i = 0; i < count; i++) {
    const member = random.pick(cluster.members.filter((m) => !chosen.includes(m)))
    if (!member.node.isFrozen && !member.isDown) chosen.push(member)
  }
  for (const { node } of chosen) node.freeze()
  return () => {
    for (const { node } of chosen) node.wake('as-due')
    cluster.quorumChanged()
  }
}

export const STORE_FAULTS: readonly Fault[] = [
  {
    name: 'member killed',
    weight: 3,
    lastsMs: [200, 9_000],
    start({ cluster, random }) {
      const member = random.pick(cluster.members)
      if (member.isDown) return undefined
      member.kill()
      return () => member.start()
    },
  },
  {
    name: 'member frozen',
    weight: 3,
    lastsMs: [200, 12_000],
    start: (bed) => freezeMembers(bed, 1),
  },
  { name: 'quorum lost', weight: 2, lastsMs: [200, 14_000], start: (bed) => freezeMembers(bed, 2) },
  {
    name: 'member cut off',
    weight: 2,
    lastsMs: [200, 9_000],
    start({ cluster, random }) {
      const member = random.pick(cluster.members)
      if (member.isCutOff) return undefined
      member.cutOff()
      return () => member.rejoin()
    },
  },
  {
    name: 'compacted',
    weight: 2,
    lastsMs: [1, 2],
    start({ cluster }) {
      cluster.compact(cluster.backend.mvcc.revision)
      return undefined
    },
  },
  {
    name: 'compacted behind a held feed',
    weight: 3,
    lastsMs: [100, 4_000],
    start(bed) {
      const { cluster, network, random } = bed
      const { node } = random.pick(bed.proxies)
      for (const member of cluster.members) network.hold(member.node, node)
      return () => {
        cluster.compact(cluster.backend.mvcc.revision)
        for (const member of cluster.members) {
          // What was on its way is gone with the connection; what is asked for again is compacted.
          if (random.chance(0.7)) member.breakWatches()
          network.release(member.node, node)
        }
      }
    },
  },
  {
    name: 'lease revoked',
    weight: 2,
    lastsMs: [1, 2],
    start({ cluster, random }) {
      const leases = cluster.backend.leaseIds()
      if (leases.length > 0) cluster.revokeLease(random.pick(leases))
      return undefined
    },
  },
  {
    name: 'store full',
    weight: 2,
    lastsMs: [200, 7_000],
    start({ cluster }) {
      cluster.becomeFull()
      return () => {
        cluster.isFull = false
      }
    },
  },
]
