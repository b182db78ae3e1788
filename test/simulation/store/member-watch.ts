/**
 * The member's end of one watch: sends what the member has applied, in order, in batches of any size;
 * now and then a part of it again, as a member that was behind does (etcd-io/etcd#20221).
 */
import { isInRange } from '../../../adapters/mvcc/events.ts'
import type { Key, StoreError, StoreEvent } from '../../../lib/index.ts'
import type { SimNode } from '../world/sim-node.ts'
import type { ClusterMember } from './cluster-member.ts'

const REVISIONS_MAX = 1_000

/** The client's end. */
export interface WatchReceiver {
  readonly node: SimNode
  received(events: readonly StoreEvent[]): void
  progress(revision: number): void
  failed(error: StoreError): void
}

export class MemberWatch {
  readonly #member: ClusterMember
  readonly #receiver: WatchReceiver
  readonly #start: Key
  readonly #end: Key
  readonly #stream = { lastMs: 0 }
  /** The first revision not looked at yet. */
  #next: number
  #sentLast: readonly StoreEvent[] = []

  constructor(
    member: ClusterMember,
    receiver: WatchReceiver,
    range: { readonly start: Key; readonly end: Key; readonly fromRevision: number },
  ) {
    this.#member = member
    this.#receiver = receiver
    this.#start = range.start
    this.#end = range.end
    this.#next = range.fromRevision
    member.watches.add(this)
  }

  /** Sends what is new to this watch. */
  pump(): void {
    const { mvcc } = this.#member.cluster.backend
    const { random } = this.#member.cluster.world
    if (this.#next < mvcc.compacted) return this.end(mvcc.compactedError(this.#next))
    const commits = mvcc
      .commits(this.#next, REVISIONS_MAX)
      .filter(({ revision }) => revision <= this.#member.applied)
    let events: StoreEvent[] = []
    for (const commit of commits) {
      this.#next = commit.revision + 1
      events.push(...commit.events.filter((e) => isInRange(e, this.#start, this.#end)))
      if (events.length > 0 && random.chance(0.3)) {
        this.#sendEvents(events)
        events = []
      }
    }
    this.#sendEvents(events)
  }

  #sendEvents(events: readonly StoreEvent[]): void {
    if (events.length === 0) return
    const { random } = this.#member.cluster.world
    if (random.chance(0.05) && this.#sentLast.length > 0) this.#deliver(this.#sentLast)
    this.#deliver(events)
    this.#sentLast = events
  }

  #deliver(events: readonly StoreEvent[]): void {
    this.#send(`watch: ${events.length} events`, () => this.#receiver.received(events))
  }

  /** What the member is at: of one that lags, the same again and again. */
  sendProgress(): void {
    this.pump()
    if (!this.#member.watches.has(this)) return
    const { applied } = this.#member
    this.#send('watch: progress', () => this.#receiver.progress(applied))
  }

  isOf(node: SimNode): boolean {
    return this.#receiver.node === node
  }

  cancel(): void {
    this.#member.watches.delete(this)
  }

  end(error: StoreError): void {
    this.cancel()
    this.#send(`watch ends: ${error.code}`, () => this.#receiver.failed(error))
  }

  #send(what: string, run: () => void): void {
    const { network } = this.#member.cluster
    network.sendInOrder(this.#member.node, this.#receiver.node, this.#stream, what, run)
  }
}
