/**
 * Group commit: what arrives while one txn is in flight forms the next batch. A batch is planned
 * against the replica exactly at head, journaled, and guarded by head's modRevision; so all proxies'
 * batches form one order, and the same batch sent twice commits at most once.
 * Line: plan → here → store txn → replica → replies.
 */
import type { Clock, Random } from '../clock.ts'
import { StoreError } from '../errors.ts'
import type { KeeperLimits } from '../limits.ts'
import type { Logger } from '../log.ts'
import type { Planned } from '../plan/planned.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { Revision, TxnResult } from '../store/types.ts'
import type { Batch } from '../tree/ops.ts'
import type { Replica } from '../tree/replica.ts'
import type { Layout } from '../znode/layout.ts'
import { encodeHead } from '../znode/record.ts'
import { BatchPlanner, type PlannedBatch } from './batch-planner.ts'
import type { BatchHeader } from './journal.ts'
import type { CommitTask } from './task.ts'

interface BatchInFlight extends PlannedBatch {
  applied: boolean
}

export interface CommitCounters {
  batches: number
  requests: number
  conflicts: number
  unknownOutcomes: number
  flushedKeys: number
}

export interface CommitterOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly replica: Replica
  readonly proxy: string
  readonly limits: KeeperLimits
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Schemes an ACL may name, besides world and auth. */
  readonly aclSchemes: ReadonlySet<string>
  /** Head's modRevision as loaded; 0: there is no head yet. */
  readonly headRevision: Revision
  /** Head is not where the feed has brought us, batch `seq` is missing: the tree must be loaded anew. */
  readonly onStuck: (seq: number) => void
}

/** How long after a lost race the feed may take to bring the winner's batch. Unit ms. */
const CONFLICT_PATIENCE_MS = 5_000
/** How long clients that were just answered are waited for. Unit ms. */
const GATHER_MS = 1
/** A larger batch pays for its txn as it is, and waiting would only leave the store idle. */
const GATHER_REQUESTS_MAX = 128

export class GroupCommitter {
  readonly counters: CommitCounters = {
    batches: 0,
    requests: 0,
    conflicts: 0,
    unknownOutcomes: 0,
    flushedKeys: 0,
  }
  readonly #o: CommitterOptions
  #replica: Replica
  /** The revision the replica is at: what guards the next batch. */
  #headRevision: Revision
  #queue: CommitTask[] = []
  #inFlight: BatchInFlight | undefined
  #sentMs = 0
  #running = false
  #scheduled = false
  #flushDue = false
  /** Requests of the batch applied last. */
  #answered = 0
  #gathered: { readonly count: number; readonly done: () => void } | undefined
  #cancelFlush: (() => void) | undefined
  #flushIsRescue = false
  #closed: StoreError | undefined
  readonly #planner: BatchPlanner
  readonly #waiters = new Set<() => void>()

  constructor(options: CommitterOptions) {
    this.#o = options
    this.#replica = options.replica
    this.#headRevision = options.headRevision
    this.#planner = new BatchPlanner({ ...options, features: options.store.features })
    if (this.#replica.backlog.size > 0) this.#scheduleFlush(true)
  }

  /** How long the batch in flight has been waiting for its outcome, ms; 0: none is. */
  get stalledMs(): number {
    return this.#inFlight === undefined ? 0 : this.#o.clock.monotonic() - this.#sentMs
  }

  get queueLength(): number {
    return this.#queue.length + (this.#inFlight?.tasks.length ?? 0)
  }

  submit(task: CommitTask): void {
    if (this.#closed !== undefined) return task.abandoned(this.#closed)
    this.#queue.push(task)
    if (this.#gathered !== undefined && this.#queue.length >= this.#gathered.count) {
      this.#gathered.done()
    }
    this.#schedule()
  }

  /** A batch from the feed. Our own come back too, usually after their reply. */
  receive({ seq, proxy, attempt }: BatchHeader, decode: () => Batch, revision: Revision): void {
    if (seq <= this.#replica.seq) return
    if (seq !== this.#replica.seq + 1) {
      throw new StoreError(
        'STORE_INTERNAL',
        `the feed jumps from batch ${this.#replica.seq} to ${seq}`,
      )
    }
    const own = this.#inFlight
    if (
      own !== undefined &&
      !own.applied &&
      own.batch.proxy === proxy &&
      own.batch.attempt === attempt
    ) {
      this.#applyOwn(own, revision)
      return
    }
    this.#replica.apply(decode())
    this.#headRevision = revision
    if (this.#replica.backlog.size > 0) this.#scheduleFlush(true)
    this.#wake()
  }

  /**
   * The replica was loaded anew: go on with that one. Whether the batch in flight is part of it
   * cannot be told, so its outcome is unknown and nobody is told it succeeded.
   */
  reset(replica: Replica, headRevision: Revision): void {
    const own = this.#inFlight
    if (own !== undefined && !own.applied) {
      own.applied = true
      const error = new StoreError('STORE_COMPACTED', 'the tree was loaded anew', {
        outcome: 'unknown',
      })
      for (const task of own.tasks) task.abandoned(error)
    }
    this.#replica = replica
    this.#headRevision = headRevision
    if (replica.backlog.size > 0) this.#scheduleFlush(true)
    this.#wake()
  }

  /** Nothing more is taken; what is queued or in flight is abandoned, its outcome unknown. */
  close(): void {
    if (this.#closed !== undefined) return
    const error = new StoreError('STORE_CLOSED', 'the keeper was closed', { outcome: 'unknown' })
    this.#closed = error
    this.#cancelFlush?.()
    this.#gathered?.done()
    const left = this.#queue
    this.#queue = []
    for (const task of left) task.abandoned(error)
    if (this.#inFlight !== undefined) this.#settle(this.#inFlight)
    this.#wake()
  }

  /** Resolves when nothing is queued, in flight or unflushed, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const deadline = this.#o.clock.monotonic() + timeoutMs
    this.#flushDue = true
    this.#schedule()
    while (
      (this.queueLength > 0 || this.#running || this.#replica.backlog.size > 0) &&
      this.#closed === undefined
    ) {
      const left = deadline - this.#o.clock.monotonic()
      if (left <= 0) return
      this.#flushDue = true
      this.#schedule()
      await this.#waitForChange(left)
    }
  }

  #schedule(): void {
    if (this.#running || this.#scheduled) return
    this.#scheduled = true
    // After this tick's input: everything that arrived with it shares one batch.
    setImmediate(() => {
      this.#scheduled = false
      if (!this.#running) void this.#run()
    })
  }

  /** `rescue`: somebody else's batch; its own proxy should flush it, we only stand in. */
  #scheduleFlush(rescue: boolean): void {
    if (this.#closed !== undefined) return
    if (this.#cancelFlush !== undefined) {
      if (rescue || !this.#flushIsRescue) return
      this.#cancelFlush()
    }
    const { flushDelayMs } = this.#o.limits
    const delay = rescue ? 1_000 + this.#o.random.fraction() * 2_000 : flushDelayMs
    this.#flushIsRescue = rescue
    this.#cancelFlush = this.#o.clock.after(delay, () => {
      this.#cancelFlush = undefined
      if (this.#replica.backlog.size === 0) return
      this.#flushDue = true
      this.#schedule()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    try {
      while (this.#closed === undefined && (this.#queue.length > 0 || this.#flushDue)) {
        const { batches } = this.counters
        await this.#commitNext()
        if (this.counters.batches > batches) await this.#gather()
      }
    } catch (error) {
      this.#o.logger.error({ err: error }, 'group commit failed')
      throw error
    } finally {
      this.#running = false
      this.#wake()
    }
  }

  /**
   * Clients that were just answered ask again at once. When others wait already, a moment's
   * patience makes one batch of both; a txn costs much more than what it carries.
   */
  #gather(): Promise<void> | undefined {
    const waiting = this.#queue.length
    const count = waiting + this.#answered
    if (waiting === 0 || count > GATHER_REQUESTS_MAX || this.#closed !== undefined) return undefined
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#gathered = undefined
        resolve()
      }
      const cancel = this.#o.clock.after(GATHER_MS, done)
      this.#gathered = { count, done }
    })
  }

  async #commitNext(): Promise<void> {
    const planned = this.#planner.plan(this.#replica, this.#queue, this.#flushDue)
    this.#flushDue = false
    if (planned === undefined) return
    const next: BatchInFlight = { ...planned, applied: false }
    this.#queue = this.#queue.slice(next.tasks.length)
    if (next.batch.txns.length === 0 && next.flush.written.length === 0) {
      await this.#confirm(next)
      return
    }
    this.#inFlight = next
    this.#sentMs = this.#o.clock.monotonic()
    await this.#send(next)
    this.#inFlight = undefined
    if (next.applied) return
    // The race for head was lost, or the batch was too large: plan again, in the same order.
    this.#queue = [...next.tasks, ...this.#queue]
  }

  /** Nothing to write, but the answers must hold at head: read it, catch up, plan again if it moved. */
  async #confirm(next: BatchInFlight): Promise<void> {
    const seq = this.#replica.seq
    const before = this.#headRevision
    const head = await this.#retryRead(() =>
      this.#o.store.range({ start: this.#o.layout.head, keysOnly: true }),
    )
    const revision = head?.kvs[0]?.modRevision ?? 0
    while (this.#headRevision < revision && this.#closed === undefined) await this.#waitForChange()
    if (this.#closed !== undefined || head === undefined) {
      const error = this.#closed ?? new StoreError('STORE_CLOSED', 'the store was closed')
      for (const task of next.tasks) task.abandoned(error)
      return
    }
    if (revision < before) {
      // The store lost commits this replica has (features.mayLoseTail): nothing holds until reset().
      this.#queue = [...next.tasks, ...this.#queue]
      this.#o.onStuck(seq)
      await this.#waitForChange(CONFLICT_PATIENCE_MS)
      return
    }
    const onlySyncs = next.tasks.every((task) => task.request.type === 'sync')
    if (onlySyncs || this.#replica.seq === seq) {
      next.tasks.forEach((task, i) => {
        task.committed(this.#replica.zxid, next.planned[i] as Planned)
      })
      return
    }
    this.#queue = [...next.tasks, ...this.#queue]
  }

  /** Sends the batch until its outcome is known. Afterwards `applied` tells which. */
  async #send(next: BatchInFlight): Promise<void> {
    const { layout, logger } = this.#o
    const { batch, flush } = next
    // Not by its version: a store that lost its newest commits counts the same versions again.
    const guard = {
      target: 'modRevision',
      key: layout.head,
      equals: this.#headRevision,
    } as const
    const txn = {
      compares: [guard],
      ops: [
        { type: 'put', key: layout.head, value: encodeHead(batch) },
        { type: 'put', key: layout.journalEntry(batch.seq), value: next.journal },
        ...flush.ops,
      ],
    } as const
    for (let tries = 1; ; tries++) {
      let result: TxnResult
      try {
        result = await this.#o.store.txn(txn)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        if (error.outcome === 'unknown') this.counters.unknownOutcomes++
        if (next.applied || this.#closed !== undefined) return this.#settle(next)
        if (error.code === 'STORE_CLOSED') return this.#settle(next)
        if (error.code === 'STORE_TOO_LARGE' || error.code === 'STORE_INVALID') {
          return this.#shrink(next, error)
        }
        // Guarded by head's revision, the same batch commits at most once, however often it is sent.
        logger.warn(
          { err: error, seq: batch.seq, tries, outcome: error.outcome },
          'commit not confirmed, asking again',
        )
        await this.#pause(Math.min(50 * 2 ** Math.min(tries, 5), 1_000))
        if (next.applied || this.#closed !== undefined) return this.#settle(next)
        continue
      }
      if (next.applied) return
      if (result.committed) {
        this.#applyOwn(next, result.revision)
        return
      }
      // Somebody's batch has this place. The feed will bring it; it may even be ours, of an earlier try.
      this.counters.conflicts++
      const pending = () =>
        this.#replica.seq < batch.seq && this.#closed === undefined && !next.applied
      while (pending()) {
        await this.#waitForChange(CONFLICT_PATIENCE_MS)
        if (pending()) this.#o.onStuck(batch.seq)
      }
      return this.#settle(next)
    }
  }

  /** Closing with the outcome unknown: never acknowledged. */
  #settle(next: BatchInFlight): void {
    if (next.applied || this.#closed === undefined) return
    next.applied = true
    for (const task of next.tasks) task.abandoned(this.#closed)
  }

  /** The store takes less than it said. Unapplied for certain: smaller steps, or refuse the request. */
  #shrink(next: BatchInFlight, error: StoreError): void {
    this.#o.logger.warn({ err: error, tasks: next.tasks.length }, 'commit too large for the store')
    if (!this.#planner.shrink(next)) throw error
  }

  #applyOwn(next: BatchInFlight, revision: Revision): void {
    next.applied = true
    this.#headRevision = revision
    this.counters.batches++
    this.#answered = next.tasks.length
    this.counters.requests += next.tasks.length
    this.counters.flushedKeys += next.flush.written.length
    const { tasks, planned, txnOf } = next
    const replica = this.#replica
    let at = 0
    const answerUpTo = (txn: number): void => {
      while (at < tasks.length && (txnOf[at] as number) <= txn) {
        const task = tasks[at] as CommitTask
        const result = planned[at] as Planned
        at++
        task.committed(replica.zxid, result)
      }
    }
    // A sync at the front: the reads behind it must not see the writes behind them.
    answerUpTo(-1)
    replica.apply(next.batch, answerUpTo, next.flush.written)
    answerUpTo(Number.POSITIVE_INFINITY)
    if (replica.backlog.size > 0) this.#scheduleFlush(false)
    this.#wake()
  }

  async #retryRead<T>(read: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 1; this.#closed === undefined; tries++) {
      try {
        return await read()
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        if (error.code === 'STORE_CLOSED') return undefined
        this.#o.logger.warn({ err: error, tries }, 'head not readable, asking again')
        await this.#pause(Math.min(50 * 2 ** Math.min(tries, 5), 1_000))
      }
    }
    return undefined
  }

  #wake(): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const wake of waiters) wake()
  }
  /** The next applied batch, or the close, or `timeoutMs`. */
  #waitForChange(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel =
        timeoutMs === undefined
          ? undefined
          : this.#o.clock.after(timeoutMs, () => {
              this.#waiters.delete(wake)
              resolve()
            })
      const wake = () => {
        cancel?.()
        resolve()
      }
      this.#waiters.add(wake)
    })
  }
  /** Ends early when anything changes. */
  #pause(delayMs: number): Promise<void> {
    return this.#waitForChange(delayMs * (0.5 + this.#o.random.fraction()))
  }
}
