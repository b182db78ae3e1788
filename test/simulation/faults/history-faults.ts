/** Faults in which what was believed of the store, or of time, does not hold any more. */
import { type Key, Layout } from '../../../lib/internal.ts'
import type { Snapshot } from '../store/backend.ts'
import type { Bed, Fault, Heal } from './bed.ts'

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
  {
    name: 'proxies restarted, one with its clock off',
    weight: 4,
    lastsMs: [2_000, 12_000],
    start({ proxies, random, world, node }) {
      // All of them: the first to be back knows no other, which would know ages better.
      const chosen = random.chance(0.5) ? proxies : [random.pick(proxies)]
      const stopped = chosen.filter((one) => one.isListening && !one.node.isFrozen)
      if (stopped.length === 0) return undefined
      for (const proxy of stopped) proxy.stop(() => {})
      const machine = random.pick(stopped).node
      machine.wallOffsetMs = random.pick([-120_000, -3_000, 3_000, 120_000])
      world.after(node, random.between(300, 1_500), 'proxies start again', () => {
        for (const proxy of stopped) {
          if (proxy.isWanted) continue
          proxy.kill()
          proxy.start()
        }
      })
      return () => {
        machine.wallOffsetMs = 0
      }
    },
  },
]

export const FORMAT_FAULTS: readonly Fault[] = [
  {
    name: 'proxy replaced by an older version',
    weight: 4,
    lastsMs: [1_500, 15_000],
    start({ proxies, random, isDamaged }) {
      const proxy = random.pick(proxies)
      if (!proxy.isWanted || proxy.isOldVersion || isDamaged) return undefined
      proxy.replaceBy('older')
      return () => proxy.replaceBy('today')
    },
  },
  {
    name: 'older proxy replaced by today’s version',
    weight: 2,
    lastsMs: [1, 2],
    start({ proxies, random }) {
      const proxy = random.pick(proxies)
      if (proxy.isWanted && proxy.isOldVersion) proxy.replaceBy('today')
      return undefined
    },
  },
]

function restoreLater(bed: Bed, bump: number): Heal {
  const { cluster } = bed
  if (bed.isDamaged) return undefined
  const snapshot = cluster.backend.snapshot()
  bed.backups.push(snapshot)
  return () => restore(bed, snapshot, bump)
}

/**
 * Two backups, and between them writes. An epoch begins behind the newer one and is served; that one is restored again
 * without space, so that proxies load it and can begin no epoch; then comes the older one, and they load once more.
 */
function restoreOlderAndOlder(bed: Bed): Heal {
  const { cluster, world, node, random } = bed
  if (bed.isDamaged || bed.isRestoring) return undefined
  bed.isRestoring = true
  const older = cluster.backend.snapshot()
  let newer: Snapshot | undefined
  const later = (delayMs: number, act: () => void): void => {
    world.after(node, delayMs, 'the next backup', () => {
      if (bed.isRestoring && !bed.isDamaged) act()
    })
  }
  later(400, () => {
    newer = cluster.backend.snapshot()
  })
  later(random.between(500, 900), () => newer && restore(bed, newer, 0))
  later(random.between(1_600, 2_200), () => {
    if (newer === undefined) return
    restore(bed, newer, 0)
    cluster.isFull = true
  })
  return () => {
    bed.isRestoring = false
    cluster.isFull = false
    if (!bed.isDamaged) restore(bed, older, 0)
  }
}

/** A backup of a time when the prefix was empty is none. */
function restore(bed: Bed, snapshot: Snapshot, bump: number): void {
  const { cluster, prefix } = bed
  cluster.restore(snapshot, { bump })
  const { kvs } = cluster.backend.mvcc.range({ start: new Layout(prefix).head })
  if (kvs.length === 0) beginAgain(bed)
}

/** Nobody has a backup: the operator has one begin an empty tree who has not served what is gone. */
function beginAgain({ proxies, random }: Bed): void {
  // An older version would begin it in format 2, and all would follow it: see README, limits.
  for (const proxy of proxies) if (proxy.isOldVersion) proxy.replaceBy('today')
  const proxy = random.pick(proxies)
  if (proxy.isWanted) proxy.kill()
  proxy.start()
}

export const HISTORY_FAULTS: readonly Fault[] = [
  {
    name: 'snapshot restored',
    weight: 2,
    lastsMs: [500, 6_000],
    start: (bed) => restoreLater(bed, 0),
  },
  {
    name: 'snapshot restored, revisions bumped and compacted',
    weight: 2,
    lastsMs: [500, 6_000],
    start: (bed) => restoreLater(bed, BUMP),
  },
  {
    name: 'new cluster of a member that lagged',
    weight: 2,
    lastsMs: [500, 6_000],
    start(bed) {
      const member = bed.random.pick(bed.cluster.members)
      member.lag()
      // What it has applied is what the new cluster begins with.
      return restoreLater(bed, 0) ?? (() => member.catchUp())
    },
  },
  {
    name: 'an old backup restored without space, and again',
    weight: 2,
    lastsMs: [400, 4_000],
    start(bed) {
      const { backups, cluster } = bed
      const [backup] = backups
      if (bed.isDamaged) return undefined
      if (backup === undefined) {
        backups.push(cluster.backend.snapshot())
        return undefined
      }
      restore(bed, backup, 0)
      // Proxies load what this one brings, but cannot begin an epoch: nobody serves it.
      cluster.isFull = true
      return () => {
        cluster.isFull = false
        if (!bed.isDamaged) restore(bed, backup, 0)
      }
    },
  },
  {
    name: 'backups restored, each older than the one before',
    weight: 2,
    lastsMs: [3_000, 6_000],
    start: restoreOlderAndOlder,
  },
  {
    name: 'head deleted',
    weight: 1,
    lastsMs: [300, 5_000],
    start: (bed) => damage(bed, (head) => (head === undefined ? [] : [head])),
  },
  {
    name: 'prefix deleted',
    weight: 1,
    lastsMs: [300, 5_000],
    start(bed) {
      const { cluster, prefix, random, proxies } = bed
      // An older version would begin an empty tree in format 2, and all would follow it: see README, limits.
      if (bed.isDamaged || proxies.some(({ isOldVersion }) => isOldVersion)) return undefined
      bed.isDamaged = true
      const snapshot = cluster.backend.snapshot()
      const { generation } = cluster
      const start = Buffer.from(`${prefix}/`)
      const end = Buffer.from(`${prefix}0`)
      cluster.outsider({ compares: [], ops: [{ type: 'deleteRange', start, end }] })
      cluster.log.replace([])
      return () => {
        bed.isDamaged = false
        if (cluster.generation !== generation) return
        if (random.chance(0.6)) return restore(bed, snapshot, random.pick([0, BUMP]))
        beginAgain(bed)
      }
    },
  },
  {
    name: 'a record deleted',
    weight: 1,
    lastsMs: [300, 5_000],
    start: (bed) => damage(bed, (_, { znodes }) => pickKeys(bed, znodes)),
  },
  {
    name: 'a journal entry deleted',
    weight: 1,
    lastsMs: [300, 5_000],
    start: (bed) => damage(bed, (_, { journal }) => pickKeys(bed, journal)),
  },
]

function pickKeys({ cluster, random }: Bed, range: { start: Key; end: Key }): Key[] {
  const { kvs } = cluster.backend.mvcc.range(range)
  return kvs.length === 0 ? [] : [random.pick(kvs).key]
}

/**
 * An outsider deletes keys; later the operator restores what was there before, and restarts the proxies that
 * loaded a tree meanwhile: they cannot always tell that something was missing.
 */
function damage(bed: Bed, choose: (head: Key | undefined, layout: Layout) => readonly Key[]): Heal {
  const { cluster, prefix, random, world, proxies } = bed
  const layout = new Layout(prefix)
  if (bed.isDamaged) return undefined
  const snapshot = cluster.backend.snapshot()
  const head = cluster.backend.mvcc.range({ start: layout.head }).kvs[0]
  const keys = choose(head?.key, layout)
  if (keys.length === 0) return undefined
  bed.isDamaged = true
  const damages = { fromMs: world.nowMs, untilMs: Number.POSITIVE_INFINITY }
  const before = proxies.map(({ keeper }) => ({ keeper, resyncs: keeper?.resyncCount }))
  cluster.log.damages.push(damages)
  cluster.outsider({ compares: [], ops: keys.map((key) => ({ type: 'delete', key })) })
  // One begins that has nothing but what is left.
  const starting = random.pick(proxies)
  if (random.chance(0.5) && starting.isWanted) {
    starting.kill()
    starting.start()
  }
  return () => {
    bed.isDamaged = false
    damages.untilMs = world.nowMs
    restore(bed, snapshot, random.pick([0, 0, BUMP]))
    for (const [i, proxy] of proxies.entries()) {
      const { keeper, isWanted } = proxy
      const hasLoaded = keeper !== before[i]?.keeper || keeper?.resyncCount !== before[i]?.resyncs
      if (!isWanted || (keeper !== undefined && !hasLoaded)) continue
      proxy.kill()
      proxy.start()
    }
  }
}
