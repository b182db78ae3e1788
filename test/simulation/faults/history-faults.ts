/** Faults in which what was believed of the store, or of time, does not hold any more. */
import { Layout } from '../../../lib/index.ts'
import type { Fault } from './bed.ts'

/** Behind what a restore with --bump-revision adds. */
const BUMP = 1_000_000

export const LAG_FAULTS: readonly Fault[] = [
  {
    name: 'member lags',
    weight: 2,
    lastsMs: [1_000, 12_000],
    start({ cluster, random }) {
      const member = random.pick(cluster.members)
      member.lag()
      return () => member.catchUp()
    },
  },
  {
    name: 'member lags for good',
    weight: 1,
    lastsMs: [1, 2],
    start({ cluster }) {
      // Always the same one: two others are a quorum.
      cluster.members[0]?.lag()
      return undefined
    },
  },
]

export const CLOCK_FAULTS: readonly Fault[] = [
  {
    name: 'clock off',
    weight: 1,
    lastsMs: [2_000, 20_000],
    start({ proxies, random }) {
      const { node } = random.pick(proxies)
      node.wallOffsetMs = random.pick([-120_000, -3_000, 3_000, 120_000])
      return () => {
        node.wallOffsetMs = 0
      }
    },
  },
]

export const HISTORY_FAULTS: readonly Fault[] = [
  {
    name: 'store restored',
    weight: 3,
    lastsMs: [500, 6_000],
    start(bed) {
      const { cluster, random } = bed
      bed.snapshot = cluster.backend.snapshot()
      const bump = random.chance(0.4) ? BUMP : 0
      return () => {
        if (bed.snapshot !== undefined) cluster.restore(bed.snapshot, bump)
      }
    },
  },
  {
    name: 'head deleted',
    weight: 1,
    lastsMs: [1, 2],
    start({ cluster, prefix, world }) {
      const { head } = new Layout(prefix)
      cluster.log.headLostMs ??= world.nowMs
      cluster.outsider({ compares: [], ops: [{ type: 'delete', key: head }] })
      return undefined
    },
  },
  {
    name: 'prefix deleted',
    weight: 1,
    lastsMs: [1, 2],
    start({ cluster, prefix }) {
      const start = Buffer.from(`${prefix}/`)
      const end = Buffer.from(`${prefix}0`)
      cluster.outsider({ compares: [], ops: [{ type: 'deleteRange', start, end }] })
      cluster.log.rewind(0)
      return undefined
    },
  },
]
