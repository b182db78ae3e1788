/**
 * Group commit: requests that arrive while the store works on a batch form the next one. A batch is
 * planned on the replica and the batches in flight, journaled, and guarded by the state of head
 * that it was planned on. So the batches of all proxies form one order, and a batch sent twice
 * commits at most once. The why and the nasty cases: DESIGN.md beside this file.
 * Line: plan → here → batch-sender → store txn → replica → replies.
 */
import type { Clock, Random } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { BatchHeader } from '../../format/journal.ts'
import type { Layout } from '../../format/layout.ts'
import type { Batch } from '../../format/ops.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { Revision } from '../../store/types.ts'
import type { Planned } from '../plan/planned.ts'
import type { Replica } from '../tree/replica.ts'
import { BatchPlanner, type PlannedBatch } from './batch-planner.ts'
import { BatchSender } from './batch-sender.ts'
import { Chain, type InFlight } from './chain.ts'
import { Changes } from './changes.ts'
import { CommitPacer } from './commit-pacer.ts'
import { FlushTimer } from './flush-timer.ts'
import { HeadCheck } from './head-check.ts'
import type { CommitTask } from './task.ts'
import { Turns } from './turns.ts'

export interface CommitCounters {
  batches: number
  requests: number
  /** Batches of ours that were planned again, because another proxy's took their place. */
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
  /** We lose every race for head: the other proxies are to be notified. */
  readonly onStarved: () => void
  /** Head and the feed do not agree about batch `seq`: the tree must be reloaded. */
  readonly onStuck: (seq: number) => void
}

/** Without a request for this long, a txn of records alone delays none. Unit ms. */
const QUIET_MS = 50

export class GroupCommitter {
  readonly counters: CommitCounters = {
    batches: 0,
    requests: 0,
    conflicts: 0,
    unknownOutcomes: 0,
    flushedKeys: 0,
  }
  readonly #options: CommitterOptions
  #replica: Replica
  /** Head's revision as the replica has it: the guard of the next batch. */
  #headRevision: Revision
  #queue: CommitTask[] = []
  readonly #chain: Chain
  #scheduled = false
  /** Records are to be written, even if no request waits. */
  #flushDue = false
  /** Requests without a txn wait for the chain to end, or for head to be read. */
  #confirming = false
  /** When the last request was answered, monotonic ms. */
  #requestMs = Number.NEGATIVE_INFINITY
  /** Of the newest commit, monotonic ms. */
  #sentMs = 0
  /** Requests of the batch applied last. */
  #answered = 0
  #closed: StoreError | undefined
  readonly #planner: BatchPlanner
  readonly #sender: BatchSender
  readonly #changes: Changes
  readonly #headCheck: HeadCheck
  readonly #pacer: CommitPacer
  readonly #flushTimer: FlushTimer
  readonly #turns: Turns

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#replica = options.replica
    this.#headRevision = options.headRevision
    const { features } = options.store
    this.#chain = new Chain(options.layout)
    this.#planner = new BatchPlanner({ ...options, features }, options.replica)
    this.#changes = new Changes(options.clock, options.random)
    this.#sender = new BatchSender({
      ...options,
      changes: this.#changes,
      counters: this.counters,
    })
    this.#headCheck = new HeadCheck({
      ...options,
      changes: this.#changes,
      replica: () => this.#replica,
      headRevision: () => this.#headRevision,
      closed: () => this.#closed,
    })
    this.#pacer = new CommitPacer({
      ...options,
      onDue: () => this.#pump(),
      onGathered: () => this.#schedule(),
    })
    this.#flushTimer = new FlushTimer({
      ...options,
      delayMs: options.limits.flushDelayMs,
      isBusy: () => this.queueLength > 0 || this.#requestMs > options.clock.monotonic() - QUIET_MS,
      onDue: () => {
        this.#flushDue = true
        this.#schedule()
      },
    })
    this.#turns = new Turns(options)
    if (this.#replica.backlog.size > 0) this.#flushTimer.arm('rescue')
  }

  /** Another proxy reported starvation: from now on we take turns with it. */
  addContender(proxy: string): void {
    this.#turns.addContender(proxy)
  }

  /**
   * How long the oldest batch in flight has been waiting for its outcome, ms; 0: none is in flight.
   */
  get stalledMs(): number {
    const { oldest } = this.#chain
    return oldest === undefined ? 0 : this.#options.clock.monotonic() - oldest.sentMs
  }

  /** Requests not answered yet. */
  get queueLength(): number {
    return this.#queue.length + this.#chain.requestCount
  }

  submit(task: CommitTask): void {
    if (this.#closed !== undefined) return task.abandoned(this.#closed)
    this.#queue.push(task)
    this.#pacer.queued(this.#queue.length)
    this.#schedule()
  }

  /** A batch from the feed, `bytes` long. Our own come back too, usually after their reply. */
  receive(header: BatchHeader, decode: () => Batch, bytes: number, revision: Revision): void {
    const { seq, proxy, attempt } = header
    if (seq <= this.#replica.seq) return
    if (seq !== this.#replica.seq + 1) {
      throw new StoreError(
        'STORE_INTERNAL',
        `the feed jumps from batch ${this.#replica.seq} to ${seq}`,
      )
    }
    const own = this.#chain.oldest
    const ours = own?.planned.batch
    if (own !== undefined && ours?.proxy === proxy && ours.attempt === attempt) {
      this.#applyUpTo(own, revision)
      return
    }
    // It took the place of our oldest batch in flight, on which all others of ours are planned.
    const weLost = this.#chain.length > 0
    this.counters.conflicts += this.#chain.length
    this.#lose(0)
    this.#turns.foreign(proxy, header.passes, weLost)
    this.#replica.backlog.foreign()
    this.#replica.apply(decode(), bytes)
    this.#planner.applied(seq)
    this.#headRevision = revision
    if (this.#replica.backlog.size > 0) this.#flushTimer.arm('rescue')
    this.#changes.wake()
    // It may be our turn now.
    if (this.#queue.length > 0) this.#schedule()
  }

  /**
   * The tree was reloaded: continue with that replica. Whether it contains the batches in flight
   * cannot be known, so their outcome is unknown and their requests are never acknowledged.
   */
  reset(replica: Replica, headRevision: Revision): void {
    this.#chain.abandon(
      new StoreError('STORE_COMPACTED', 'the tree was reloaded', { outcome: 'unknown' }),
    )
    this.#replica = replica
    this.#planner.reset(replica)
    this.#headRevision = headRevision
    if (replica.backlog.size > 0) this.#flushTimer.arm('rescue')
    this.#changes.wake()
    this.#schedule()
  }

  /** Takes no more requests; those queued or in flight are abandoned, their outcome unknown. */
  close(): void {
    if (this.#closed !== undefined) return
    const error = new StoreError('STORE_CLOSED', 'the keeper was closed', { outcome: 'unknown' })
    this.#closed = error
    this.#flushTimer.stop()
    this.#pacer.stop()
    this.#chain.abandon(error)
    const left = this.#queue
    this.#queue = []
    for (const task of left) task.abandoned(error)
    this.#changes.wake()
  }

  /** Resolves when nothing is queued, in flight or unflushed, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const deadline = this.#options.clock.monotonic() + timeoutMs
    while (
      (this.queueLength > 0 || this.#chain.length > 0 || this.#replica.backlog.size > 0) &&
      this.#closed === undefined
    ) {
      const left = deadline - this.#options.clock.monotonic()
      if (left <= 0) return
      this.#flushDue = true
      this.#schedule()
      await this.#changes.next(left)
    }
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // After this tick's input: all requests that arrived with it share one batch.
    setImmediate(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  /** Sends what may be sent now. */
  #pump(): void {
    const { commitsInFlightMax } = this.#options.limits
    while (this.#closed === undefined && !this.#confirming && !this.#pacer.isGathering) {
      if (this.#chain.length >= commitsInFlightMax) return
      if (!this.#isWorthAnother() || !this.#isOurTurn()) return
      const isIdle = this.#queue.length === 0 && this.#chain.length === 0
      if (this.#queue.length === 0 && !(isIdle && this.#flushDue)) return
      if (isIdle) this.#flushDue = false
      const planned = this.#planner.plan(this.#queue, {
        flushAll: isIdle,
        passes: this.#turns.passes,
      })
      if (planned === undefined) return
      const { batch, tasks, flush } = planned
      const writes = batch.txns.length > 0 || flush.portion.entries.length > 0
      if (tasks.length > 0 && !writes) {
        // Nothing is to be written, but the answers must hold at head.
        this.#planner.lost(this.#chain.length)
        if (this.#chain.length === 0) void this.#confirm(planned)
        return
      }
      this.#queue = this.#queue.slice(planned.tasks.length)
      void this.#commit(planned)
    }
  }

  #isWorthAnother(): boolean {
    const last = this.#chain.newest
    return last === undefined || this.#pacer.isWorthAnother(last.sentMs, this.#queue.length)
  }

  /** Behind a batch of ours in flight it is our turn, unless that one passes. */
  #isOurTurn(): boolean {
    const last = this.#chain.newest
    if (last !== undefined) return !last.planned.batch.passes
    const waitMs = this.#turns.waitMs()
    if (waitMs <= 0) return true
    this.#pacer.dueIn(waitMs)
    return false
  }

  async #commit(planned: PlannedBatch): Promise<void> {
    this.#sentMs = this.#options.clock.monotonic()
    const next = this.#chain.add(planned, this.#headRevision, this.#sentMs)
    const outcome = await this.#sender.send(next)
    // The feed, a later batch's answer or a reload may have come between the answer and here.
    if (next.settled && outcome.type !== 'closed') return
    switch (outcome.type) {
      case 'committed':
        // Those before it are in the store too, whatever their own calls have returned so far.
        return this.#applyUpTo(next, outcome.revision)
      case 'refused':
        this.#options.logger.warn(
          { err: outcome.error, tasks: planned.tasks.length },
          'commit too large for the store',
        )
        if (!this.#planner.shrink(planned)) throw outcome.error
        this.#lose(this.#chain.indexOf(next))
        return
      case 'closed':
        return this.close()
    }
  }

  /**
   * The batch at `index` and those behind it will never be applied: their requests are planned
   * again.
   */
  #lose(index: number): void {
    if (index >= this.#chain.length) return
    this.#planner.lost(index)
    this.#queue = [...this.#chain.cut(index), ...this.#queue]
    this.#changes.wake()
    this.#schedule()
  }

  #applyUpTo(last: InFlight, revision: Revision): void {
    last.revision = revision
    this.#headRevision = revision
    while (!last.settled) this.#applyOwn(this.#chain.shift())
    if (this.#replica.backlog.size > 0) this.#flushTimer.arm('own')
    this.#changes.wake()
    if (this.#chain.length === 0 && this.#closed === undefined) {
      this.#pacer.gather(this.#queue.length, this.#answered, this.#sentMs)
    }
    this.#schedule()
  }

  #applyOwn(own: InFlight): void {
    own.settled = true
    const { tasks, planned, txnOf, batch, flush, journal } = own.planned
    this.counters.batches++
    this.counters.requests += tasks.length
    this.counters.flushedKeys += flush.portion.entries.length
    this.#answered = tasks.length
    if (tasks.length > 0) this.#requestMs = this.#options.clock.monotonic()
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
    this.#planner.committed()
    if (tasks.length === 0 && this.#replica.backlog.size > 0) this.#flushDue = true
    // A sync at the front: the reads behind it must not see the writes behind them.
    answerUpTo(-1)
    replica.apply(batch, journal.length, answerUpTo)
    answerUpTo(Number.POSITIVE_INFINITY)
    this.#planner.applied(batch.seq)
    this.#turns.own(batch.passes, this.#options.clock.monotonic() - own.sentMs)
  }

  /**
   * Answers a batch that has nothing to write once head is checked; what cannot be answered is
   * queued.
   */
  async #confirm(planned: PlannedBatch): Promise<void> {
    this.#confirming = true
    this.#queue = this.#queue.slice(planned.tasks.length)
    const left = await this.#headCheck.answer(planned)
    this.#queue = [...left, ...this.#queue]
    this.#confirming = false
    this.#changes.wake()
    this.#schedule()
  }
}
