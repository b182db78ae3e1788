/**
 * The store contract on an etcd v3 cluster. Neighbours: members.ts (connections), watch-loop.ts,
 * lease-stream.ts, probe.ts, errors.ts. Why it is as it is: DESIGN.md.
 */
import { type Clock, systemClock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import {
  openServerStore,
  type ServerAdapter,
  type ServerStore,
} from '../../lib/store/server-store.ts'
import { TXN_ITEM_OVERHEAD_BYTES } from '../../lib/store/txn-size.ts'
import type {
  Lease,
  LeaseId,
  RangeQuery,
  RangeResult,
  Revision,
  StoreFeatures,
  Txn,
  TxnOptions,
  TxnResult,
  WatchBatch,
  WatchOptions,
} from '../../lib/store/types.ts'
import { isMemberFailure, toStoreError } from './errors.ts'
import { fromInt64 } from './int64.ts'
import { LeaseStream } from './lease-stream.ts'
import { type ConnectionOptions, Members } from './members.ts'
import { answersProgressInOrder, probeTxnOpsMax, probeVersion, versionWarnings } from './probe.ts'
import { encodeRange, toStart } from './range-codec.ts'
import { encodeTxn } from './txn-codec.ts'
import { watchLoop } from './watch-loop.ts'

export interface EtcdStoreOptions extends Omit<ConnectionOptions, 'loginTimeoutMs'> {
  /**
   * Timers of watches and leases. Deadlines of calls are the system clock's.
   * @default systemClock
   */
  readonly clock?: Clock
  /** Deadline of a txn, a compaction, a grant or a revocation. Unit: ms. @default 5000 */
  readonly writeTimeoutMs?: number
  /** Deadline of a range, attempts on other members included. Unit: ms. @default 5000 */
  readonly readTimeoutMs?: number
  /** Deadline of a lease renewal, tries on other members included. Unit: ms. @default 2000 */
  readonly renewTimeoutMs?: number
  /** Pause between the progress requests of a watch. Unit: ms. @default 2000 */
  readonly progressMs?: number
  /** The servers' `--max-request-bytes`. Unit: bytes. @default 1572864 */
  readonly requestBytesMax?: number
  /** The servers' `--max-txn-ops`. @default detected at startup */
  readonly txnOpsMax?: number
}

/** etcd's default of `--max-request-bytes`. */
const REQUEST_BYTES_MAX = 1_572_864
/** Each member has its share of a renewal's deadline, and no fewer than a third of it. */
const RENEW_ATTEMPTS_MAX = 3
/** Answers from another cluster in a row, for each member, after which it is the store. */
const FOREIGN_ANSWERS_PER_MEMBER = 2
/** How long the first members may take to answer a read of one key, before it goes to the next. Unit ms. */
const QUICK_READ_MS = 500
/** A raft request's own header, with a margin for what a later etcd adds to it. */
const REQUEST_OVERHEAD_BYTES = 1_024
/** Beside the longest value there is room for keys of so many bytes. */
const KEYS_ROOM_BYTES = 65_536

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
  /** Separate, so that no large range and no busy watch delays a renewal: etcd-io/etcd#15402. */
  readonly #kv: Members
  readonly #watches: Members
  readonly #leases: Members
  readonly #leaseStream: LeaseStream
  /** Members that a renewal goes to, one after the other, within its deadline. */
  readonly #renewAttempts: number
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
    const connection = { ...options, loginTimeoutMs: this.#writeTimeoutMs }
    this.#kv = new Members(connection)
    this.#watches = new Members(connection)
    this.#leases = new Members(connection)
    this.#renewAttempts = Math.min(options.hosts.length, RENEW_ATTEMPTS_MAX)
    this.#leaseStream = new LeaseStream({
      members: this.#leases,
      clock: this.#clock,
      timeoutMs: (options.renewTimeoutMs ?? 2_000) / this.#renewAttempts,
    })
  }

  async open(): Promise<void> {
    const version = await this.#anyMember((ms) => probeVersion(this.#kv, ms))
    this.serverVersion = version?.text
    this.warnings = versionWarnings(version)
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

  async range(query: RangeQuery): Promise<RangeResult> {
    const request = encodeRange(query)
    const firstMsMax = query.end === undefined ? QUICK_READ_MS : Number.POSITIVE_INFINITY
    const answer = await this.#anyMember(
      (timeoutMs) =>
        this.#kv.call((m) => m.callRange(request, { deadline: Date.now() + timeoutMs })),
      firstMsMax,
    )
    this.#checkCluster(answer.clusterId)
    const { kvs, revision, more } = answer
    return { kvs, revision, more }
  }

  async txn(txn: Txn, options: TxnOptions = {}): Promise<TxnResult> {
    if (options.suspect === true) this.#kv.suspect()
    const request = encodeTxn(txn)
    const answer = await this.#kv.call((m) => m.callTxn(request, this.#writeOptions()))
    this.#checkCluster(answer.clusterId)
    return { committed: answer.succeeded, revision: answer.revision }
  }

  watch(options: WatchOptions): AsyncIterable<WatchBatch> {
    return watchLoop(
      {
        members: this.#watches,
        clock: this.#clock,
        progressMs: this.#options.progressMs ?? 2_000,
        trustManualProgress: this.#trustManualProgress,
        checkCluster: (id) => this.#checkCluster(id),
        closed: this.#closed.signal,
      },
      { ...options, start: toStart(options.start) },
    )
  }

  async grantLease({ ttlMs }: { readonly ttlMs: number }): Promise<Lease> {
    const TTL = Math.ceil(ttlMs / 1_000)
    const lease = await this.#leases.call((m) =>
      m.leaseClient.leaseGrant({ TTL, ID: 0 }, this.#writeOptions()),
    )
    return { id: BigInt(lease.ID), ttlMs: fromInt64(lease.TTL) * 1_000 }
  }

  /**
   * Before 3.5.23 and 3.6.5 etcd may renew a lease that is already revoked: a renewal alone does
   * not prove that the lease's keys exist. Source: etcd-io/etcd#20615.
   */
  async keepLeaseAlive(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    for (let attemptsLeft = this.#renewAttempts; ; attemptsLeft--) {
      try {
        return await this.#leaseStream.renew(id)
      } catch (error) {
        // A renewal may be repeated: the next one goes to the next member.
        if (!isMemberFailure(toStoreError(error)) || attemptsLeft <= 1) throw error
      }
    }
  }

  async revokeLease(id: LeaseId): Promise<void> {
    try {
      await this.#leases.call((m) =>
        m.leaseClient.leaseRevoke({ ID: String(id) }, this.#writeOptions()),
      )
    } catch (error) {
      if (toStoreError(error).code !== 'STORE_LEASE_NOT_FOUND') throw error
    }
  }

  async compact(revision: Revision): Promise<void> {
    try {
      await this.#kv.call((m) => m.kv.compact({ revision }, this.#writeOptions()))
    } catch (error) {
      if (toStoreError(error).code !== 'STORE_COMPACTED') throw error
    }
  }

  async close(): Promise<void> {
    this.#closed.abort()
    this.#leaseStream.close()
    for (const members of [this.#kv, this.#watches, this.#leases]) members.close()
  }

  #writeOptions(): { deadline: number } {
    return { deadline: Date.now() + this.#writeTimeoutMs }
  }

  /**
   * Runs a read on one member after the other within the deadline. Each attempt has an equal share
   * of the time that is left, so a member that never answers leaves some for the next.
   * All but the last have no more than `firstMsMax`.
   */
  async #anyMember<T>(
    read: (timeoutMs: number) => Promise<T>,
    firstMsMax = Number.POSITIVE_INFINITY,
  ): Promise<T> {
    const endMs = this.#clock.monotonic() + this.#readTimeoutMs
    for (let attemptsLeft = this.#kv.count; ; attemptsLeft--) {
      const leftMs = endMs - this.#clock.monotonic()
      try {
        if (attemptsLeft <= 1) return await read(leftMs)
        return await read(Math.min(leftMs / attemptsLeft, firstMsMax))
      } catch (error) {
        if (!isMemberFailure(toStoreError(error)) || attemptsLeft <= 1) throw error
      }
    }
  }

  /**
   * A cluster that was replaced has other revisions, and one wrong address must not mix two histories: what
   * answers from another cluster is refused for as long as ours still answers now and then. When only the
   * other one does, it is the store from now on; what that means for the tree is seen in its head.
   */
  #checkCluster(clusterId: string): void {
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
    this.#kv.suspect()
    throw new StoreError(
      'STORE_UNAVAILABLE',
      `etcd: cluster ${clusterId} answered, the store was opened on ${this.#clusterId}`,
      { outcome: 'unknown' },
    )
  }
}
