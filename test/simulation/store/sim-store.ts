/**
 * The store as one process sees it: the contract of lib/store over simulated links to one member at a
 * time, with deadlines and with outcomes that stay unknown. It stands in for adapters/etcd.
 * Neighbours: cluster (the other side), sim-watch (feeds), sticky-members.
 */
import {
  type Clock,
  type Lease,
  type LeaseId,
  type MetadataStore,
  type RangeQuery,
  type RangeResult,
  StoreError,
  type StoreFeatures,
  type Txn,
  type TxnOptions,
  type TxnResult,
  type WatchBatch,
  type WatchOptions,
} from '../../../lib/index.ts'
import { checkedStore } from '../../../lib/store/checked-store.ts'
import type { SimNode } from '../world/sim-node.ts'
import type { Cluster } from './cluster.ts'
import { noSpace } from './cluster.ts'
import type { ClusterMember } from './cluster-member.ts'
import { simWatch } from './sim-watch.ts'
import { StickyMembers } from './sticky-members.ts'

/** As adapters/etcd has them. Unit ms. */
const WRITE_TIMEOUT_MS = 5_000
const READ_TIMEOUT_MS = 5_000
const RENEW_TIMEOUT_MS = 2_000
/** What a member has for a read of one key, while there are others to ask. Unit ms. */
const ONE_KEY_MS = 500
const REFUSED_AFTER_MS = 0.5

interface Call {
  readonly member: ClusterMember
  fail(error: StoreError): void
}

export interface SimStoreOptions {
  readonly cluster: Cluster
  readonly node: SimNode
  readonly clock: Clock
  readonly features: StoreFeatures
}

export function openSimStore(options: SimStoreOptions): MetadataStore {
  return checkedStore(new SimStore(options))
}

class SimStore implements MetadataStore {
  readonly features: StoreFeatures
  readonly node: SimNode
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #kv: StickyMembers
  readonly #watches: StickyMembers
  readonly #leases: StickyMembers
  readonly #calls = new Set<Call>()
  readonly #closed = new AbortController()
  readonly #onLost = new Set<(member: ClusterMember) => void>()
  readonly #incarnation: number

  constructor({ cluster, node, clock, features }: SimStoreOptions) {
    this.#cluster = cluster
    this.#clock = clock
    this.node = node
    this.#incarnation = node.incarnation
    this.features = features
    const { members, world } = cluster
    const sticky = () => new StickyMembers(members, world.random.below(members.length))
    this.#kv = sticky()
    this.#watches = sticky()
    this.#leases = sticky()
    cluster.clients.add(this)
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    const endMs = this.#clock.monotonic() + READ_TIMEOUT_MS
    const firstMsMax = query.end === undefined ? ONE_KEY_MS : Number.POSITIVE_INFINITY
    for (let tries = this.#kv.count; ; tries--) {
      const leftMs = endMs - this.#clock.monotonic()
      const timeoutMs = tries <= 1 ? leftMs : Math.min(leftMs / tries, firstMsMax)
      try {
        return await this.#call(this.#kv, 'range', timeoutMs, () => ({
          revision: this.#cluster.backend.mvcc.revision,
          value: () => this.#cluster.backend.mvcc.range(query),
        }))
      } catch (error) {
        if (!isOfMember(error) || tries <= 1) throw error
      }
    }
  }

  txn(txn: Txn, options: TxnOptions = {}): Promise<TxnResult> {
    if (options.suspect === true) this.#kv.suspect()
    return this.#write(this.#kv, 'txn', WRITE_TIMEOUT_MS, () => this.#cluster.txn(txn))
  }

  watch(options: WatchOptions): AsyncIterable<WatchBatch> {
    return simWatch(
      {
        cluster: this.#cluster,
        node: this.node,
        clock: this.#clock,
        members: this.#watches,
        closed: this.#closed.signal,
        onLost: this.#onLost,
      },
      options,
    )
  }

  grantLease({ ttlMs }: { readonly ttlMs: number }): Promise<Lease> {
    return this.#anyMember(this.#leases, 'grant', WRITE_TIMEOUT_MS, () => {
      if (this.#cluster.isFull) throw noSpace()
      return this.#cluster.backend.grantLease(Math.ceil(ttlMs / 1_000) * 1_000)
    })
  }

  keepLeaseAlive(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    return this.#anyMember(this.#leases, 'renew', RENEW_TIMEOUT_MS, () =>
      this.#cluster.backend.mvcc.leases.keepAlive(id),
    )
  }

  async revokeLease(id: LeaseId): Promise<void> {
    try {
      await this.#anyMember(this.#leases, 'revoke', WRITE_TIMEOUT_MS, () =>
        this.#cluster.backend.revokeLease(id),
      )
    } catch (error) {
      if ((error as StoreError).code !== 'STORE_LEASE_NOT_FOUND') throw error
    }
  }

  compact(revision: number): Promise<void> {
    return this.#anyMember(this.#kv, 'compact', WRITE_TIMEOUT_MS, () =>
      this.#cluster.compact(revision),
    )
  }

  /** What may be repeated: on one member after the other, each of which has its share of the time. */
  async #anyMember<T>(
    members: StickyMembers,
    what: string,
    timeoutMs: number,
    act: () => T,
  ): Promise<T> {
    for (let tries = members.count; ; tries--) {
      try {
        return await this.#write(members, what, timeoutMs / members.count, act)
      } catch (error) {
        if (!isOfMember(error) || tries <= 1) throw error
      }
    }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#cluster.clients.delete(this)
    for (const call of [...this.#calls]) call.fail(closed())
  }

  /** A member went down, or forgot us: what waits for it has an unknown outcome. */
  connectionLost(member: ClusterMember): void {
    const error = () =>
      new StoreError('STORE_UNAVAILABLE', `simulated: connection to ${member.node.name} lost`, {
        outcome: 'unknown',
      })
    for (const call of [...this.#calls]) if (call.member === member) call.fail(error())
    for (const lost of [...this.#onLost]) lost(member)
  }

  /** Its process was killed: an answer that still comes has nobody to read it. */
  get #isGone(): boolean {
    return this.node.incarnation !== this.#incarnation
  }

  #write<T>(members: StickyMembers, what: string, timeoutMs: number, act: () => T): Promise<T> {
    return this.#call(members, what, timeoutMs, () => {
      const value = act()
      return { revision: this.#cluster.backend.mvcc.revision, value: () => value }
    })
  }

  /**
   * There, decided by the quorum, applied by the member, and back. `act` gives what is answered once
   * the member has applied `revision`.
   */
  #call<T>(
    members: StickyMembers,
    what: string,
    timeoutMs: number,
    act: () => { readonly revision: number; readonly value: () => T },
  ): Promise<T> {
    const { world, network, generation } = this.#cluster
    const member = members.current
    return new Promise<T>((resolve, reject) => {
      const call: Call = {
        member,
        fail: (error) => {
          if (!this.#calls.delete(call) || this.#isGone) return
          cancelTimer()
          members.failed(member, error)
          reject(error)
        },
      }
      const succeed = (value: T): void => {
        if (!this.#calls.delete(call) || this.#isGone) return
        cancelTimer()
        resolve(value)
      }
      this.#calls.add(call)
      const cancelTimer = this.#clock.after(timeoutMs, () =>
        call.fail(
          new StoreError('STORE_TIMEOUT', `simulated: no answer to ${what}`, {
            outcome: 'unknown',
          }),
        ),
      )
      if (member.isDown) {
        world.input(this.node, world.nowMs + REFUSED_AFTER_MS, `${what} refused`, () =>
          call.fail(new StoreError('STORE_UNAVAILABLE', 'simulated: connection refused')),
        )
        return
      }
      const answer = (run: () => void, name: string): void => {
        const sent = network.send(member.node, this.node, `${what}: ${name}`, run)
        if (!sent) this.#maybeReset(call)
      }
      // What comes twice is a proposal: a call that is refused for lack of space never is one.
      let hadSpace = true
      const arrived = (): void => {
        // A member that was frozen has it from a connection that a restore has ended.
        if (generation !== this.#cluster.generation || !hadSpace) return
        this.#cluster.propose(member, what, () => {
          try {
            const { revision, value } = act()
            member.whenApplied(revision, () => {
              try {
                const result = value()
                answer(() => succeed(result), 'done')
              } catch (error) {
                answer(() => call.fail(error as StoreError), 'failed')
              }
            })
          } catch (error) {
            hadSpace = (error as StoreError).code !== 'STORE_NO_SPACE'
            answer(() => call.fail(error as StoreError), 'failed')
          }
        })
      }
      const options = { mayComeTwice: what === 'txn' }
      if (!network.send(this.node, member.node, what, arrived, options)) this.#maybeReset(call)
    })
  }

  /** A message was lost: often its connection is, too, and says so. */
  #maybeReset(call: Call): void {
    const { world } = this.#cluster
    if (!world.random.chance(0.7)) return
    world.input(this.node, world.nowMs + world.random.latencyMs(20), 'reset', () =>
      call.fail(
        new StoreError('STORE_UNAVAILABLE', 'simulated: connection reset', { outcome: 'unknown' }),
      ),
    )
  }
}

/** Another member may answer. */
function isOfMember(error: unknown): boolean {
  const { code } = error as StoreError
  return code === 'STORE_UNAVAILABLE' || code === 'STORE_TIMEOUT'
}

function closed(): StoreError {
  return new StoreError('STORE_CLOSED', 'the store was closed meanwhile', { outcome: 'unknown' })
}
