/**
 * Requests that were sent to the leader of an ensemble, each until it is answered: when the replica has applied the
 * transaction with its session and cxid, with the state as of then. Only the leader reports errors: the journal has an
 * empty transaction in their place. Those of a session are answered in their order.
 * Source: CommitProcessor. Neighbours: forwarded-result, zookeeper-upstream (whose requests they are).
 */
import type { Clock } from '../../base/clock.ts'
import { Fifo } from '../../base/fifo.ts'
import type { Op, TxnEntry } from '../../format/ops.ts'
import type { CommitTask } from '../../member/commit/task.ts'
import type { Replica } from '../../member/tree/replica.ts'
import { StoreError } from '../../model/errors.ts'
import type { SyncRequest, WriteRequest } from '../../model/request.ts'
import type { TxnOutcome } from '../../transfer/zookeeper/txn-outcome.ts'
import { type AppliedOp, appliedOp, resultOf, statAt } from './forwarded-result.ts'
import { unguarded } from './request-packet.ts'

/** One request. */
interface Forwarded {
  readonly task: CommitTask
  readonly session: bigint
  readonly cxid: number
  readonly request: WriteRequest | SyncRequest
  readonly sentMs: number
  /** The replica has its transaction: what it changed. */
  applied: readonly AppliedOp[] | undefined
  /** As the leader said. */
  outcome: TxnOutcome | undefined
  /** Of a sync: what the replica must have reached. */
  zxid: number | undefined
}

/** A start of a session; see {@link ForwardedWrites.expectSession}. */
interface Opening {
  readonly sentMs: number
  readonly opened: () => void
  readonly failed: (error: StoreError) => void
}

export interface ForwardedWritesOptions {
  readonly clock: Clock
  readonly replica: () => Replica
  /** So many were answered. */
  readonly onAnswered: () => void
  /** The outcome of so many is not known. */
  readonly onLost: (count: number) => void
}

const DONE: TxnOutcome = { errno: 0 }
const NOT_KNOWN = { outcome: 'unknown' } as const

export class ForwardedWrites {
  readonly #options: ForwardedWritesOptions
  readonly #queues = new Map<bigint, Fifo<Forwarded>>()
  /** Syncs that the leader has not answered, and those that wait for the replica; in their order. */
  #asked = new Fifo<Forwarded>()
  #awaited = new Fifo<Forwarded>()
  readonly #openings = new Map<bigint, Opening>()
  #size = 0
  /** What is being applied, and what it has changed so far. */
  #current: Forwarded | undefined
  #changes: AppliedOp[] = []
  /** A session that begins with the transaction that is applied. */
  #opening: bigint | undefined

  constructor(options: ForwardedWritesOptions) {
    this.#options = options
  }

  /** Not answered yet. */
  get size(): number {
    return this.#size + this.#openings.size
  }

  /** How long the oldest one waits, ms. */
  get oldestMs(): number {
    const now = this.#options.clock.monotonic()
    let oldest = now
    for (const queue of this.#queues.values()) {
      oldest = Math.min(oldest, queue.first?.sentMs ?? now)
    }
    for (const { sentMs } of this.#openings.values()) oldest = Math.min(oldest, sentMs)
    return now - oldest
  }

  /** It is sent. `outcome`: it is not, and is answered with this in its turn. */
  add(task: CommitTask, session: bigint, outcome?: TxnOutcome): void {
    const request = unguarded(task.request as WriteRequest | SyncRequest)
    const forwarded: Forwarded = {
      ...{ task, session, request, outcome, cxid: task.cxid ?? 0, zxid: undefined },
      sentMs: this.#options.clock.monotonic(),
      applied: outcome && [],
    }
    let queue = this.#queues.get(session)
    if (queue === undefined) {
      queue = new Fifo()
      this.#queues.set(session, queue)
    }
    queue.push(forwarded)
    this.#size++
    if (outcome !== undefined) this.#settle(session)
    else if (request.type === 'sync') this.#asked.push(forwarded)
  }

  /** Resolves when the replica has the session. @throws {StoreError} its outcome is not known, or the leader refused it */
  expectSession(id: bigint): Promise<void> {
    return new Promise((resolve, reject) => {
      const sentMs = this.#options.clock.monotonic()
      this.#openings.set(id, { sentMs, opened: resolve, failed: reject })
    })
  }

  /** The leader has committed it, or refused it. */
  informed(session: bigint, cxid: number, outcome: TxnOutcome): void {
    const forwarded = this.#find(session, cxid, 'outcome')
    if (forwarded !== undefined) {
      forwarded.outcome = outcome
      return this.#settle(session)
    }
    if (outcome.errno !== 0 && cxid === 0) this.#refused(session, outcome.errno)
  }

  #refused(session: bigint, errno: number): void {
    const opening = this.#openings.get(session)
    if (opening === undefined) return
    this.#openings.delete(session)
    opening.failed(new StoreError('STORE_INTERNAL', `the leader refused a session: ${errno}`))
  }

  /** The leader has answered the oldest sync: `zxid` is the newest that it had sent before. */
  synced(zxid: number): void {
    if (this.#asked.length === 0) return
    const forwarded = this.#asked.shift()
    forwarded.zxid = zxid
    this.#awaited.push(forwarded)
    this.settleSyncs()
  }

  /** The replica has come further. */
  settleSyncs(): void {
    const { zxid } = this.#options.replica()
    for (let next = this.#awaited.first; next !== undefined; next = this.#awaited.first) {
      if ((next.zxid ?? 0) > zxid) return
      this.#awaited.shift()
      next.outcome = DONE
      next.applied = []
      this.#settle(next.session)
    }
  }

  // TxnObserver

  begins({ session, cxid, ops }: TxnEntry): boolean {
    // Reads behind a sync must not see what its session wrote after it.
    if (this.#awaited.length > 0) this.settleSyncs()
    if (ops[0]?.type === 'createSession' && this.#openings.has(ops[0].id)) {
      this.#opening = ops[0].id
      return true
    }
    const forwarded = this.#find(session, cxid, 'applied')
    if (forwarded === undefined) return false
    this.#current = forwarded
    this.#changes = []
    return true
  }

  applied(op: Op): void {
    const change = appliedOp(op, this.#options.replica().tree)
    if (change !== undefined) this.#changes.push(change)
    // The end of a session is no change of a znode, but it is no error either.
    else if (this.#current?.request.type === 'closeSession') this.#current.outcome = DONE
  }

  ended(): void {
    const opening = this.#opening
    if (opening !== undefined) {
      this.#opening = undefined
      this.#openings.get(opening)?.opened()
      this.#openings.delete(opening)
      return this.#options.onAnswered()
    }
    const forwarded = this.#current
    if (forwarded === undefined) return
    this.#current = undefined
    forwarded.applied = this.#changes
    // It has changed something: it did not fail.
    if (this.#changes.length > 0) forwarded.outcome = DONE
    this.#settle(forwarded.session)
  }

  /** The first that lacks this; those before it were passed over. A client may use a number twice. */
  #find(session: bigint, cxid: number, lacks: 'outcome' | 'applied'): Forwarded | undefined {
    const queue = this.#queues.get(session)
    if (queue === undefined) return undefined
    for (const forwarded of queue) {
      if (forwarded.cxid !== cxid || forwarded.request.type === 'sync') continue
      if (forwarded[lacks] === undefined) return forwarded
    }
    return undefined
  }

  #settle(session: bigint): void {
    const queue = this.#queues.get(session)
    const replica = this.#options.replica()
    for (let next = queue?.first; next !== undefined; next = queue?.first) {
      const { request, applied, outcome, task } = next
      if (applied === undefined || outcome === undefined) return
      queue?.shift()
      this.#size--
      if (queue?.length === 0) this.#queues.delete(session)
      this.#options.onAnswered()
      const statOfNow = (path: string) => statAt(replica.tree, path)
      task.committed(replica.zxid, resultOf(request, applied, outcome, statOfNow))
    }
  }

  /** Nobody knows what becomes of those that were sent at least `ms` ago: all of their sessions. */
  loseOlderThan(ms: number, why: string): void {
    const beforeMs = this.#options.clock.monotonic() - ms
    for (const [session, queue] of this.#queues) {
      if ((queue.first?.sentMs ?? 0) <= beforeMs) this.#lose(session, why)
    }
    for (const [id, { sentMs, failed }] of this.#openings) {
      if (sentMs > beforeMs) continue
      this.#openings.delete(id)
      this.#options.onLost(1)
      failed(new StoreError('STORE_TIMEOUT', why, NOT_KNOWN))
    }
  }

  /** None of them is answered any more; the syncs of another leader are not those of this one. */
  loseAll(why: string): void {
    this.loseOlderThan(Number.NEGATIVE_INFINITY, why)
    this.#asked = new Fifo()
    this.#awaited = new Fifo()
  }

  #lose(session: bigint, why: string): void {
    const queue = this.#queues.get(session)
    if (queue === undefined) return
    this.#queues.delete(session)
    this.#size -= queue.length
    this.#options.onLost(queue.length)
    for (const { task } of queue) task.abandoned(new StoreError('STORE_TIMEOUT', why, NOT_KNOWN))
  }
}
