/**
 * An etcd-like cluster of three: one history, members that apply it each at their own pace and answer
 * only from what they have applied. Faults of the store are switched on here.
 * Neighbours: backend (the history), member-watch (feeds), sim-store (the client's side).
 */
import {
  type Layout,
  type LeaseId,
  StoreError,
  type Txn,
  type TxnResult,
} from '../../../lib/internal.ts'
import type { Network } from '../world/network.ts'
import { SimNode } from '../world/sim-node.ts'
import type { World } from '../world/world.ts'
import { Backend, type RestoreOptions, type Snapshot } from './backend.ts'
import { ClusterMember } from './cluster-member.ts'
import { StoreLog } from './store-log.ts'

/** What the quorum takes to agree, ms. */
const RAFT_MS = 0.5
const MEMBERS = 3

export class Cluster {
  readonly world: World
  readonly network: Network
  readonly node: SimNode
  readonly members: readonly ClusterMember[]
  readonly log: StoreLog
  readonly backend: Backend
  /** When there was no space. Simulated ms. */
  readonly fullSpans: { readonly fromMs: number; untilMs: number }[] = []
  /** When outsiders revoked leases. Simulated ms. */
  readonly revokedMs: number[] = []
  /** Grows with each restore: what was asked of an earlier one is never answered. */
  generation = 0
  /** Told when connections to a member break. */
  readonly clients = new Set<{
    readonly node: SimNode
    connectionLost(member: ClusterMember): void
  }>()
  /** Full, and the txn that goes over the quota is still to come. */
  #crossing = false
  #waiting: (() => void)[] = []
  #followed = 1

  constructor(world: World, network: Network, layout: Layout) {
    this.world = world
    this.network = network
    this.node = new SimNode(world, 'etcd')
    this.log = new StoreLog(layout, () => world.nowMs)
    this.backend = new Backend(this.node.clock(), this.log, (id) => {
      if (!this.hasQuorum) return
      this.backend.expireLease(id)
      this.#committed()
    })
    this.members = Array.from({ length: MEMBERS }, (_, i) => new ClusterMember(this, `etcd${i}`))
  }

  get hasQuorum(): boolean {
    const count = this.members.filter((member) => member.canVote).length
    return count * 2 > MEMBERS
  }

  /**
   * Runs `act` on the history, once there is a quorum that this member is part of. `answer` gets the
   * revision the answering member must have reached.
   */
  propose(member: ClusterMember, what: string, act: () => void): void {
    if (!this.hasQuorum || !member.canVote) {
      this.#waiting.push(() => this.propose(member, what, act))
      return
    }
    const { generation } = this
    const atMs = this.world.nowMs + this.world.random.latencyMs(RAFT_MS)
    this.world.input(this.node, atMs, what, () => {
      if (generation !== this.generation) return
      if (!this.hasQuorum) {
        this.#waiting.push(() => this.propose(member, what, act))
        return
      }
      act()
      this.#committed()
    })
  }

  /** Something may go on: what waited for the quorum is proposed again, or is forgotten by then. */
  quorumChanged(): void {
    const { random } = this.world
    const waiting = this.#waiting
    this.#waiting = []
    for (const retry of waiting) if (random.chance(0.6)) retry()
  }

  /** Whatever the history has, every member that follows it applies soon. */
  #committed(): void {
    const { revision } = this.backend.mvcc
    if (revision === this.#followed) return
    this.#followed = revision
    for (const member of this.members) member.followSoon()
  }

  /** @throws {StoreError} STORE_NO_SPACE, also of the txn that went over the quota and is applied */
  txn(txn: Txn): TxnResult {
    const puts = txn.ops.some((op) => op.type === 'put')
    if (this.isFull && puts && !this.#crossing) throw noSpace()
    const result = this.backend.txn(txn)
    if (!this.#crossing || !puts) return result
    this.#crossing = false
    throw noSpace()
  }

  /** Out of space: puts are refused, with an outcome that the caller cannot know. */
  get isFull(): boolean {
    return this.fullSpans.at(-1)?.untilMs === Number.POSITIVE_INFINITY
  }

  set isFull(isFull: boolean) {
    if (isFull === this.isFull) return
    const { nowMs } = this.world
    const span = this.fullSpans.at(-1)
    if (isFull) this.fullSpans.push({ fromMs: nowMs, untilMs: Number.POSITIVE_INFINITY })
    else if (span !== undefined) span.untilMs = nowMs
  }

  becomeFull(): void {
    this.isFull = true
    this.#crossing = true
  }

  /** Watches that have not got that far yet end. */
  compact(revision: number): void {
    this.backend.mvcc.compact(Math.min(revision, this.backend.mvcc.revision))
    for (const member of this.members) member.followSoon()
  }

  /** By an outsider, long before it has run out. */
  revokeLease(id: LeaseId): void {
    this.revokedMs.push(this.world.nowMs)
    this.backend.revokeLease(id)
    this.#committed()
  }

  /** Directly at the store, as an operator's etcdctl does it. */
  outsider(txn: Txn): void {
    this.backend.txn(txn)
    this.#committed()
  }

  /** A process is gone without a word: its watches end with its connections. */
  forget(node: SimNode): void {
    for (const client of [...this.clients]) if (client.node === node) this.clients.delete(client)
    for (const member of this.members) {
      for (const watch of [...member.watches]) if (watch.isOf(node)) watch.cancel()
    }
  }

  restore(snapshot: Snapshot, options: RestoreOptions): void {
    this.generation++
    this.#waiting = []
    this.backend.restore(snapshot, options)
    this.#followed = this.backend.mvcc.revision
    for (const member of this.members) member.restored(this.backend.mvcc.revision)
  }
}

export function noSpace(): StoreError {
  return new StoreError('STORE_NO_SPACE', 'simulated: database space exceeded', {
    outcome: 'unknown',
  })
}
