/**
 * One member of the cluster: takes calls, has them decided by the quorum, answers once it has applied
 * the result itself. It may lag (heartbeats, but no entries), be cut off, stopped or down.
 * Neighbours: cluster, member-watch.
 */
import { StoreError } from '../../../lib/index.ts'
import { SimNode } from '../world/sim-node.ts'
import type { Cluster } from './cluster.ts'
import type { MemberWatch } from './member-watch.ts'

/** What a member takes to apply an entry, ms. */
const APPLY_MS = 0.3
/** How soon a member that has lost its leader ends its watches. Unit ms. */
const LEADERLESS_MS = 1_500

export class ClusterMember {
  readonly cluster: Cluster
  readonly node: SimNode
  /** It has applied everything up to here. */
  applied = 1
  isDown = false
  /** It gets heartbeats, but no entries. */
  isLagging = false
  /** It reaches no other member. */
  isCutOff = false
  readonly watches = new Set<MemberWatch>()
  #waiting: { readonly revision: number; readonly run: () => void }[] = []

  constructor(cluster: Cluster, name: string) {
    this.cluster = cluster
    this.node = new SimNode(cluster.world, name)
  }

  get canVote(): boolean {
    return !this.isDown && !this.isCutOff && !this.node.isFrozen
  }

  /** Applies what there is, after a moment. */
  followSoon(): void {
    const { world } = this.cluster
    const atMs = world.nowMs + world.random.latencyMs(APPLY_MS)
    world.input(this.node, atMs, 'apply', () => this.#follow())
  }

  #follow(): void {
    if (this.isLagging || this.isCutOff || this.isDown) return
    this.applied = Math.max(this.applied, this.cluster.backend.mvcc.revision)
    for (const watch of [...this.watches]) watch.pump()
    const ready = this.#waiting.filter(({ revision }) => revision <= this.applied)
    this.#waiting = this.#waiting.filter(({ revision }) => revision > this.applied)
    for (const { run } of ready) run()
  }

  /** When this member has applied that revision: now, or after it has caught up. */
  whenApplied(revision: number, run: () => void): void {
    if (this.applied >= revision && !this.isLagging) run()
    else this.#waiting.push({ revision, run })
  }

  lag(): void {
    this.isLagging = true
  }
  catchUp(): void {
    this.isLagging = false
    this.followSoon()
  }

  cutOff(): void {
    this.isCutOff = true
    const { world } = this.cluster
    world.input(this.node, world.nowMs + LEADERLESS_MS, 'no leader', () => {
      if (!this.isCutOff) return
      for (const watch of [...this.watches]) {
        watch.end(new StoreError('STORE_UNAVAILABLE', 'simulated: no leader'))
      }
    })
  }
  rejoin(): void {
    this.isCutOff = false
    this.followSoon()
    this.cluster.quorumChanged()
  }

  kill(): void {
    this.isDown = true
    this.node.kill()
    this.#loseConnections()
  }
  start(): void {
    this.isDown = false
    this.followSoon()
    this.cluster.quorumChanged()
  }

  /** Its watch connections end, as when a link has been down for too long. */
  breakWatches(): void {
    for (const watch of [...this.watches]) {
      watch.end(new StoreError('STORE_UNAVAILABLE', 'simulated: the stream was reset'))
    }
  }

  restored(revision: number): void {
    this.applied = revision
    this.isLagging = false
    this.#loseConnections()
  }

  #loseConnections(): void {
    this.watches.clear()
    this.#waiting = []
    const { clients, network } = this.cluster
    for (const client of clients) {
      network.send(this.node, client.node, `${this.node.name} is gone`, () =>
        client.connectionLost(this),
      )
    }
  }
}
