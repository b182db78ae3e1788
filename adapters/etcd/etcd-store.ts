/**
 * The store contract on an etcd v3 cluster. Neighbours: members.ts (connections), watch-loop.ts,
 * lease-stream.ts, probe.ts, errors.ts. Why it is as it is: DESIGN.md.
 */
import { type Clock, systemClock, systemRandom } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import {
  openServerStore,
  type ServerAdapter,
  type ServerStore,
} from '../../lib/store/server-store.ts'
import { TXN_ITEM_OVERHEAD_BYTES } from '../../lib/store/txn-size.ts'
import type {
  CompactOptions,
  Lease,
  LeaseId,
  RangeQuery,
  RangeResult,
  ReclaimOptions,
  Revision,
  StoreFeatures,
  StoreSpace,
  Txn,
  TxnOptions,
  TxnResult,
  WatchBatch,
  WatchOptions,
} from '../../lib/store/types.ts'
import { Credentials } from '../credentials/credentials.ts'
import { isForbidden, isMemberFailure, mayNotCompact, toStoreError } from './errors.ts'
import { hedged } from './hedged.ts'
import { fromInt64 } from './int64.ts'
import { LeaseStream } from './lease-stream.ts'
import { reclaimSpace } from './maintenance.ts'
import { type Member, tokensOf } from './member.ts'
import { MemberHealth } from './member-health.ts'
import { Members } from './members.ts'
import {
  answersProgressInOrder,
  PROBE_KEY,
  probeTxnOpsMax,
  probeVersion,
  versionWarnings,
} from './probe.ts'
import { encodeRange, type RangeAnswer, toStart } from './range-codec.ts'
import { readSpace } from './space.ts'
import type { EtcdStoreOptions } from './store-options.ts'
import type { Token } from './token.ts'
import { encodeTxn } from './txn-codec.ts'
import { watchLoop } from './watch-loop.ts'

/** etcd's default of `--max-request-bytes`. */
const REQUEST_BYTES_MAX = 1_572_864
/** Answers from another cluster in a row, for each member, after which it is the store. */
const FOREIGN_ANSWERS_PER_MEMBER = 2
/** Without an answer for so long, a read of one key goes to the next member too. Unit ms. */
const HEDGE_MS = 300
/** Deadline of the read that shows whether a suspected member is well again. Unit ms. */
const PROBE_MS = 1_000
/** A raft request's own header, with a margin for what a later etcd adds to it. */
const REQUEST_OVERHEAD_BYTES = 1_024
/** Beside the longest value there is room for keys of so many bytes. */
const KEYS_ROOM_BYTES = 65_536

/** What every answer of the driver has. */
interface Answered {
  readonly header: { readonly cluster_id: string }
}

/**
 * Connects, detects the server's version and limits, and returns the store.
 * @throws {StoreError} STORE_UNAVAILABLE or STORE_TIMEOUT when no member answers within
 * `readTimeoutMs` each; STORE_UNAUTHENTICATED when the log-in fails; STORE_INVALID without hosts.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<ServerStore> {
  if (options.hosts.length === 0) throw new StoreError('STORE_INVALID', 'etcd: no hosts given')
  return openServerStore(new EtcdAdapter(options), toStoreError)
}

class EtcdAdapter implements ServerAdapter {
  features!: StoreFeatures
  serverVersion: string | undefined
  warnings: readonly string[] = []
  readonly #options: EtcdStoreOptions
  readonly #clock: Clock
  readonly #writeTimeoutMs: number
  readonly #readTimeoutMs: number
  readonly #health: MemberHealth
  /** Separate, so that no large range and no busy watch delays a renewal: etcd-io/etcd#15402. */
  readonly #kv: Members
  readonly #watches: Members
  readonly #leases: Members
  readonly #leaseStream: LeaseStream
  /** The member of the newest watch, by the range's start. */
  readonly #watched = new Map<string, Member>()
  readonly #credentials: Credentials
  readonly #tokens: readonly Token[]
  readonly #closed = new AbortController()
  /** As in the first answer. */
  #clusterId: string | undefined
  /** From another cluster, in a row. */
  #foreignAnswers = 0
  #trustManualProgress = false

  constructor(options: EtcdStoreOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#writeTimeoutMs = options.writeTimeoutMs ?? 5_000
    this.#readTimeoutMs = options.readTimeoutMs ?? 5_000
    const { hosts, credentials: sources = {}, logger, reloadMs } = options
    this.#credentials = new Credentials({
      store: 'etcd',
      sources,
      clock: this.#clock,
      ...(logger && { logger }),
      ...(reloadMs && { reloadMs }),
    })
    const tokenOptions = { clock: this.#clock, waitMs: this.#writeTimeoutMs }
    this.#tokens = tokensOf(hosts, this.#credentials, tokenOptions)
    const { length: count } = hosts
    this.#health = new MemberHealth({
      count,
      clock: this.#clock,
      probe: (index) => this.#probe(index),
    })
    // Stores begin at different members, and so do the channels of one: a member that hangs holds up few.
    const first = Math.floor((options.random ?? systemRandom).fraction() * count)
    const members = (offset: number): Members =>
      new Members({
        hosts,
        credentials: this.#credentials,
        tokens: this.#tokens,
        preferred: (first + offset) % count,
        health: this.#health,
        clock: this.#clock,
      })
    this.#kv = members(0)
    this.#watches = members(1)
    this.#leases = members(2)
    this.#leaseStream = new LeaseStream({
      members: this.#leases,
      clock: this.#clock,
      checkCluster: (id) => this.#checkCluster(id, this.#leases),
      timeoutMs: options.renewTimeoutMs ?? 2_000,
    })
  }

  async open(): Promise<void> {
    await this.#credentials.load()
    const version = await this.#anyMember((ms) => probeVersion(this.#kv, ms))
    this.serverVersion = version?.text
    this.warnings = [...versionWarnings(version), ...(await this.#compactionWarnings())]
    this.#trustManualProgress = answersProgressInOrder(version)
    const requestBytes = this.#options.requestBytesMax ?? REQUEST_BYTES_MAX
    const txnBytesMax = requestBytes - REQUEST_OVERHEAD_BYTES
    this.features = {
      persistent: true,
      shared: true,
      txnOpsMax:
        this.#options.txnOpsMax ?? (await this.#anyMember((ms) => probeTxnOpsMax(this.#kv, ms))),
      txnBytesMax,
      valueBytesMax: txnBytesMax - KEYS_ROOM_BYTES - 2 * TXN_ITEM_OVERHEAD_BYTES,
      progressAdvances: this.#trustManualProgress,
    }
  }

  /** Revision 0 is before the first: nothing is compacted, but whether this user may is judged. */
  async #compactionWarnings(): Promise<string[]> {
    if (!this.#credentials.hasLogin) return []
    try {
      await this.compact(0)
    } catch (error) {
      const refusal = toStoreError(error)
      if (refusal.code === 'STORE_UNAUTHENTICATED') return [refusal.message]
    }
    return []
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    const request = encodeRange(query)
    const read = (timeoutMs: number): Promise<RangeAnswer> =>
      this.#kv.call((m) => m.callRange(request, { deadline: Date.now() + timeoutMs }))
    const answer = await (query.end === undefined
      ? this.#quickRead(read)
      : this.#anyMember(read, this.#readTimeoutMs))
    this.#checkCluster(answer.clusterId, this.#kv)
    const { kvs, revision, more } = answer
    return { kvs, revision, more }
  }

  async txn(txn: Txn, options: TxnOptions = {}): Promise<TxnResult> {
    if (options.suspect === true) this.#kv.suspectSilent()
    const request = encodeTxn(txn)
    const deadline = Date.now() + this.#writeTimeoutMs
    const answer = await this.#kv.call((m) => m.callTxn(request, { deadline }))
    this.#checkCluster(answer.clusterId, this.#kv)
    return { committed: answer.succeeded, revision: answer.revision }
  }

  watch(options: WatchOptions): AsyncIterable<WatchBatch> {
    const range = Buffer.from(options.start).toString('latin1')
    const before = this.#watched.get(range)
    if (options.suspect === true && before !== undefined) this.#watches.suspect(before)
    return watchLoop(
      {
        members: this.#watches,
        clock: this.#clock,
        progressMs: this.#options.progressMs ?? 2_000,
        trustManualProgress: this.#trustManualProgress,
        checkCluster: (id) => this.#checkCluster(id, this.#watches),
        onOpen: (member) => this.#watched.set(range, member),
        closed: this.#closed.signal,
      },
      { ...options, start: toStart(options.start) },
    )
  }

  async grantLease({ ttlMs }: { readonly ttlMs: number }): Promise<Lease> {
    const TTL = Math.ceil(ttlMs / 1_000)
    // A grant may be repeated: what nobody knows of runs out by itself.
    const lease = await this.#onLeases((m, deadline) =>
      m.leases.leaseGrant({ TTL, ID: 0 }, { deadline }),
    )
    return { id: BigInt(lease.ID), ttlMs: fromInt64(lease.TTL) * 1_000 }
  }

  /**
   * Before 3.5.23 and 3.6.5 etcd may renew a lease that is already revoked: a renewal alone does
   * not prove that the lease's keys exist. Source: etcd-io/etcd#20615.
   */
  keepLeaseAlive(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    return this.#leaseStream.renew(id)
  }

  async revokeLease(id: LeaseId): Promise<void> {
    try {
      await this.#onLeases((m, deadline) => m.leases.leaseRevoke({ ID: String(id) }, { deadline }))
    } catch (error) {
      if (toStoreError(error).code !== 'STORE_LEASE_NOT_FOUND') throw error
    }
  }

  /** The answer to a physical one comes when the keys are gone and the pages free; otherwise that is yet to be. */
  async compact(revision: Revision, { freedMs }: CompactOptions = {}): Promise<void> {
    const request = { revision, physical: freedMs !== undefined }
    try {
      await this.#anyMember((timeoutMs) => {
        const deadline = Date.now() + timeoutMs
        return this.#ofOurs(
          this.#kv,
          this.#kv.call((m) => m.kv.compact(request, { deadline })),
        )
      }, freedMs ?? this.#writeTimeoutMs)
    } catch (error) {
      const refusal = toStoreError(error)
      if (isForbidden(refusal)) throw mayNotCompact(refusal)
      if (refusal.code !== 'STORE_COMPACTED') throw error
    }
  }

  space(): Promise<StoreSpace> {
    return readSpace(this.#kv, this.#options.hosts, this.#readTimeoutMs)
  }

  /** Only while every member answers a read: one that is defragmented does not. */
  reclaim(options: ReclaimOptions): Promise<void> {
    const answers = (index: number) => this.#probe(index)
    return reclaimSpace({ ...options, members: this.#kv, hosts: this.#options.hosts, answers })
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#leaseStream.close()
    this.#health.close()
    this.#credentials.close()
    for (const token of this.#tokens) token.close()
    for (const members of [this.#kv, this.#watches, this.#leases]) members.close()
  }

  #onLeases<T extends Answered>(run: (member: Member, deadline: number) => Promise<T>): Promise<T> {
    return this.#anyMember(
      (timeoutMs) =>
        this.#ofOurs(
          this.#leases,
          this.#leases.call((m) => run(m, Date.now() + timeoutMs)),
        ),
      this.#writeTimeoutMs,
    )
  }

  /** The driver's answer, if it is of our cluster. */
  async #ofOurs<T extends Answered>(members: Members, answering: Promise<T>): Promise<T> {
    const answer = await answering
    this.#checkCluster(answer.header.cluster_id, members)
    return answer
  }

  /**
   * Runs what may be repeated on one member after the other within `timeoutMs`. Each attempt has an equal
   * share of the time that is left, so a member that never answers leaves some for the next.
   */
  async #anyMember<T>(
    run: (timeoutMs: number) => Promise<T>,
    timeoutMs = this.#readTimeoutMs,
  ): Promise<T> {
    const endMs = this.#clock.monotonic() + timeoutMs
    for (let attemptsLeft = this.#kv.count; ; attemptsLeft--) {
      const leftMs = endMs - this.#clock.monotonic()
      try {
        return await run(leftMs / Math.max(attemptsLeft, 1))
      } catch (error) {
        if (!isMemberFailure(toStoreError(error)) || attemptsLeft <= 1) throw error
      }
    }
  }

  /**
   * Reads one key: on one member, while that is late on the next one too, and after a refusal on another.
   * The first answer counts, so a member that is slow is given its time. When all are late, it goes to them
   * once more, less and less often.
   */
  #quickRead<T>(read: (timeoutMs: number) => Promise<T>): Promise<T> {
    const { count } = this.#kv
    const endMs = this.#clock.monotonic() + this.#readTimeoutMs
    const triesMax = count === 1 ? 1 : 2 * count
    let refusals = 0
    return hedged({
      clock: this.#clock,
      run: () => read(endMs - this.#clock.monotonic()),
      lateMs: (tries) =>
        tries >= triesMax ? undefined : HEDGE_MS * 2 ** Math.max(0, tries - count + 1),
      onLate: () => this.#kv.suspectSilent(),
      followedBy: ({ code }) => code !== 'STORE_TIMEOUT' && ++refusals < 2 * count,
    })
  }

  /** Whether a member answers a linearizable read; what it refuses is an answer, too. */
  async #probe(index: number): Promise<boolean> {
    try {
      const deadline = Date.now() + PROBE_MS
      await this.#kv.at(index).callRange(encodeRange({ start: PROBE_KEY }), { deadline })
      return true
    } catch (cause) {
      return !isMemberFailure(toStoreError(cause))
    }
  }

  /**
   * A cluster that was replaced has other revisions, and one wrong address must not mix two histories: what
   * answers from another cluster is refused for as long as ours still answers now and then. When only the
   * other one does, it is the store from now on; what that means for the tree is seen in its head.
   */
  #checkCluster(clusterId: string, members: Members): void {
    this.#clusterId ??= clusterId
    if (clusterId === this.#clusterId) {
      this.#foreignAnswers = 0
      return
    }
    this.#foreignAnswers++
    if (this.#foreignAnswers > FOREIGN_ANSWERS_PER_MEMBER * this.#kv.count) {
      this.#clusterId = clusterId
      return
    }
    members.suspect(members.current())
    throw new StoreError(
      'STORE_UNAVAILABLE',
      `etcd: cluster ${clusterId} answered, the store was opened on ${this.#clusterId}`,
      { outcome: 'unknown' },
    )
  }
}
