/** What faults act on. Neighbours: the fault tables, simulate. */
import type { SimClient } from '../client/sim-client.ts'
import type { SimProxy } from '../proxy/sim-proxy.ts'
import type { Snapshot } from '../store/backend.ts'
import type { Cluster } from '../store/cluster.ts'
import type { Network } from '../world/network.ts'
import type { SeededRandom } from '../world/seeded-random.ts'
import type { SimNode } from '../world/sim-node.ts'
import type { World } from '../world/world.ts'

export interface Bed {
  readonly world: World
  readonly network: Network
  readonly cluster: Cluster
  readonly proxies: readonly SimProxy[]
  readonly clients: readonly SimClient[]
  /** Whose events the faults are. */
  readonly node: SimNode
  /** Of the faults alone. */
  readonly random: SeededRandom
  readonly prefix: string
  /** That an operator may still have, oldest first. */
  readonly backups: Snapshot[]
  /** Records are missing: one such fault at a time. */
  isDamaged: boolean
  /** One backup after another is restored: one such fault at a time. */
  isRestoring: boolean
  clientsKilled: number
}

/** Ends the fault; undefined: it has no end of its own. */
export type Heal = (() => void) | undefined

export interface Fault {
  readonly name: string
  /** How often it is chosen, among those of its kind. */
  readonly weight: number
  /** How long it lasts. Unit ms. */
  readonly lastsMs: readonly [min: number, max: number]
  start(bed: Bed): Heal
}
