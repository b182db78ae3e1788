import { digestOfEntry } from '../../format/digest.ts'
import { headBehind } from '../../format/head.ts'
import { decodeBatch, decodeHeader } from '../../format/journal.ts'
import { StoreError, ZK_ERRORS } from '../../model/errors.ts'
import type { Revision } from '../../store/types.ts'
import type { QuotaGuard } from '../plan/quota-guard.ts'
import type { Dirty } from '../tree/backlog.ts'
import type { Replica } from '../tree/replica.ts'
import { answersOf } from './answers.ts'
import { BatchPlanner, bytesOf, type PlannedBatch } from './batch-planner.ts'
import { BatchSender } from './batch-sender.ts'
import { Chain, type InFlight } from './chain.ts'
import { Changes } from './changes.ts'
import { CommitPacer } from './commit-pacer.ts'
import { type CommitterOptions, countCommitted, newCounters } from './committer-options.ts'
import { checkKnown, checkNext, compareTrees } from './entry-check.ts'
import { failBatch, failPending } from './fault.ts'
import { FlushTimer } from './flush-timer.ts'
import { FullStore } from './full-store.ts'
import { HeadCheck } from './head-check.ts'
import { Progress } from './progress.ts'
import { PumpLoop } from './pump-loop.ts'
import { RequestQueue } from './request-queue.ts'
import { SpaceGate } from './space-gate.ts'
import type { CommitTask } from './task.ts'
import { Turns } from './turns.ts'

export class GroupCommitter {
  readonly counters = newCounters()
  readonly #options: CommitterOptions
  #replica: Replica
  /** Head's value where the replica is: it guards the next batch. No two histories leave the same. */
  #head: Uint8Array | undefined
  readonly #queue: RequestQueue
  readonly #chain: Chain
  /** Records are to be written, even if no request waits. */
  #flushDue = false
  /** Requests without a txn wait for the chain to end, or for head to be read. */
  #confirming = false
  /** Of the newest commit, monotonic ms. */
  #sentMs = 0
  /** Requests of the batch applied last. */
  #answered = 0
  #closed: StoreError | undefined
  readonly #loop = new PumpLoop({
    pump: () => this.#pump(),
    failed: (error) => failPending(error, this.#queue, this.#replica.seq + 1, this.#options),
  })
  readonly #planner: BatchPlanner
  readonly #sender: BatchSender
  readonly #changes: Changes
  readonly #headCheck: HeadCheck
  readonly #pacer: CommitPacer
  readonly #flushTimer: FlushTimer
  readonly #turns: Turns
  readonly full: FullStore
  readonly space: SpaceGate
  readonly progress: Progress

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#replica = options.replica
    this.#head = options.head
    this.progress = new Progress(options.clock, () => this.#isIdle)
    this.space = new SpaceGate({
      ...options,
      counters: this.counters,
      onLow: options.onSpaceLow,
      onChange: () => {
        this.progress.begins()
        this.#loop.soon()
      },
      onRefused: (task) => this.#planner.refuse(task, ZK_ERRORS.SYSTEM_ERROR.errno),
    })
    this.#queue = new RequestQueue(options.limits.batchBytesMax, this.space)
    this.#chain = new Chain(options.layout)
    this.#planner = new BatchPlanner(
      { ...options, features: options.store.features, times: this.counters.times },
      options.replica,
    )
    this.#changes = new Changes(options.clock, options.random)
    this.#sender = new BatchSender({
      ...options,
      changes: this.#changes,
      counters: this.counters,
      catchUp: () => this.#headCheck.prove(),
    })
    this.#headCheck = new HeadCheck({
      ...options,
      changes: this.#changes,
      replica: () => this.#replica,
      closed: () => this.#closed,
      receive: (entry, revision) => this.receive(entry, revision),
    })
    this.#pacer = new CommitPacer({
      ...options,
      onDue: () => this.#loop.now(),
      onGathered: () => this.#loop.soon(),
    })
    this.#flushTimer = new FlushTimer({
      ...options,
      delayMs: options.limits.flushDelayMs,
      isBusy: () => this.queueLength > this.space.waiting || !this.progress.isQuiet,
      onDue: () => {
        this.#flushDue = true
        this.#loop.soon()
      },
    })
    this.#turns = new Turns(options)
    this.full = new FullStore({
      ...options,
      counters: this.counters,
      submit: (task) => this.submit(task),
      onProbe: () => this.#loop.soon(),
    })
    if (this.#replica.backlog.size > 0) this.#flushTimer.arm('rescue')
  }

  /** Another proxy reported starvation: from now on we take turns with it. */
  addContender(proxy: string): void {
    this.#turns.addContender(proxy)
  }

  get #isIdle(): boolean {
    return this.#queue.isIdle && this.#chain.length === 0 && !this.#confirming
  }

  /** What came of hard quotas; undefined: they are not enforced. */
  get quotaGuard(): QuotaGuard | undefined {
    return this.#planner.quotaGuard
  }

  /** Times that the journal had to be read because the feed was late. */
  get catchUps(): number {
    return this.#headCheck.catchUps
  }

  /** Reads head once and brings the replica there: see {@link HeadCheck.prove}. */
  prove(): Promise<Revision | undefined> {
    return this.#headCheck.prove()
  }

  /** Requests not answered yet. */
  get queueLength(): number {
    return this.#queue.length + this.#chain.requestCount
  }

  submit(task: CommitTask): void {
    if (this.#closed !== undefined) return task.abandoned(this.#closed)
    task.submittedMs = this.progress.begins()
    this.#queue.push(task)
    this.#pacer.queued(this.#queue.length)
    this.#loop.soon()
  }

  /**
   * An entry from the feed, or read from the journal. Our own come back too, usually after their reply.
   * @throws {HistoryLost} when it does not belong behind what was applied here
   */
  receive(entry: Uint8Array, revision: Revision): void {
    const header = decodeHeader(entry)
    const { seq, proxy, attempt } = header
    this.space.seen(seq)
    const replica = this.#replica
    if (seq <= replica.seq) return checkKnown(replica, header, entry, this.#options.proxy)
    checkNext(replica, header)
    const own = this.#chain.oldest
    const ours = own?.planned.batch
    const isOurs = ours?.proxy === proxy && ours.attempt === attempt
    if (own !== undefined && isOurs) return this.#applyUpTo(own, revision)
    this.space.taken(entry.length)
    // It took the place of our oldest batch in flight, on which all others of ours are planned.
    const weLost = this.#chain.length > 0
    this.counters.conflicts += this.#chain.length
    this.#lose(0)
    this.#turns.foreign(proxy, header.passes, weLost)
    replica.backlog.foreign()
    const digest = digestOfEntry(entry)
    compareTrees(replica, header, this.counters, this.#options.onTreeDiffers)
    replica.apply(decodeBatch(entry), { encoded: entry, digest, attempt: 0 })
    this.#planner.applied(seq)
    this.#head = headBehind(header, digest)
    if (replica.backlog.size > 0) this.#flushTimer.arm('rescue')
    this.#changes.wake()
    // It may be our turn now.
    if (this.#queue.length > 0) this.#loop.soon()
  }

  /**
   * The replica was reloaded: continue with that one. Whether the batches in flight are part of it is not
   * known, so their outcome is unknown and they are not acknowledged. `abandonAll`: neither are pending requests.
   */
  reset(replica: Replica, head: Uint8Array | undefined, abandonAll: boolean): void {
    const error = new StoreError('STORE_COMPACTED', 'the tree was reloaded', { outcome: 'unknown' })
    this.#chain.abandon(error)
    if (abandonAll) this.#queue.abandon(error)
    this.#replica = replica
    this.#planner.reset(replica)
    this.#head = head
    this.#loop.mended()
    if (replica.backlog.size > 0) this.#flushTimer.arm('rescue')
    this.#changes.wake()
    this.#loop.soon()
  }

  /** These records are not what they should be: they are written behind once more. */
  rewrite(records: readonly Dirty[]): void {
    const { backlog, seq } = this.#replica
    for (const { kind, name } of records) backlog.touch(kind, name, seq)
    if (backlog.size > 0) this.#flushTimer.arm('own')
  }

  /** Takes no more requests; those queued or in flight are abandoned, their outcome unknown. */
  close(): void {
    if (this.#closed !== undefined) return
    const error = new StoreError('STORE_CLOSED', 'the keeper was closed', { outcome: 'unknown' })
    this.#closed = error
    this.#flushTimer.stop()
    this.#pacer.stop()
    this.#chain.abandon(error)
    this.#queue.abandon(error)
    this.full.stop(error)
    this.space.stop()
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
      this.#loop.soon()
      await this.#changes.next(left)
    }
  }

  /** Sends what may be sent now. */
  #pump(): void {
    const { commitsInFlightMax } = this.#options.limits
    while (this.#closed === undefined && !this.#confirming && !this.#pacer.isGathering) {
      if (this.#chain.length >= commitsInFlightMax) return
      if (!this.#maySend()) return
      const ready = this.#queue.ready()
      const isIdle = ready.length === 0 && this.#chain.length === 0
      const probe = isIdle && this.full.probeDue
      if (ready.length === 0 && !(isIdle && (this.#flushDue || probe))) return
      if (isIdle) this.#flushDue = false
      this.full.probeDue = false
      const planned = this.#planner.plan(ready, {
        flushAll: isIdle,
        passes: this.#turns.passes,
        tasksMax: this.full.tasksMax,
        probe,
        bytesMax: this.space.txnBytesMax,
      })
      if (planned === undefined) return
      const { batch, tasks, flush } = planned
      const writes = batch.txns.length > 0 || flush.portion.entries.length > 0
      if (tasks.length > 0 && !writes) {
        // Nothing is to be written, but the answers must hold at head.
        this.#planner.lost(this.#chain.length)
        if (this.#chain.length > 0) return
        this.#queue.take(tasks.length)
        void this.#confirm(planned)
        return
      }
      this.#queue.take(tasks.length)
      this.#commit(planned).catch((error) => failBatch(error, planned, this.#options))
    }
  }

  /** Behind a batch of ours in flight, where it is worth another, it is our turn, unless that one passes. */
  #maySend(): boolean {
    const last = this.#chain.newest
    if (last !== undefined) {
      const isWorth = this.#pacer.isWorthAnother(last.sentMs, this.#queue.length)
      return isWorth && !last.planned.batch.passes
    }
    const waitMs = this.#turns.waitMs()
    if (waitMs <= 0) return true
    this.#pacer.dueIn(waitMs)
    return false
  }

  async #commit(planned: PlannedBatch): Promise<void> {
    this.#sentMs = this.progress.begins()
    this.counters.times.sent(planned.tasks, this.#sentMs)
    const next = this.#chain.add(planned, this.#head, this.#sentMs)
    this.space.taken(bytesOf(planned))
    const outcome = await this.#sender.send(next)
    // The feed, a later batch's answer or a reload may have come between the answer and here.
    if (next.settled && outcome.type !== 'closed') return
    switch (outcome.type) {
      case 'committed':
        // Those before it are in the store too, whatever their own calls have returned so far.
        this.#options.onProven(outcome.sentMs)
        return this.#applyUpTo(next, outcome.revision)
      case 'refused': {
        this.counters.lastFailure = outcome.error.message
        const fields = { err: outcome.error, tasks: planned.tasks.length }
        this.#options.logger.warn(fields, 'commit too large for the store')
        this.#flushTimer.dueIn(this.#planner.shrink(planned))
        return this.#lose(this.#chain.indexOf(next))
      }
      case 'full':
        return this.#refuse(next, outcome.error)
      case 'closed':
        return this.close()
    }
  }

  /** Only the oldest batch is judged: replies of a session keep their order. */
  #refuse(next: InFlight, error: StoreError): void {
    const { planned } = next
    const index = this.#chain.indexOf(next)
    this.#lose(index)
    if (index > 0) return
    this.#flushTimer.dueIn(this.#planner.holdFlush(planned))
    this.progress.made()
    const again = this.full.refuse(planned, this.#replica.zxid, error)
    this.#queue.take(planned.tasks.length)
    this.#queue.putBack(again)
  }

  /** The batch at `index` and those behind it will never be applied: their requests are planned again. */
  #lose(index: number): void {
    if (index >= this.#chain.length) return
    this.#planner.lost(index)
    this.#queue.putBack(this.#chain.cut(index))
    this.#changes.wake()
    this.#loop.soon()
  }

  #applyUpTo(last: InFlight, revision: Revision): void {
    last.revision = revision
    this.#head = last.planned.head
    while (!last.settled) {
      const own = this.#chain.shift()
      try {
        this.#applyOwn(own)
      } catch (error) {
        failBatch(error, own.planned, this.#options)
        throw error
      }
    }
    if (this.#replica.backlog.size > 0) this.#flushTimer.arm('own')
    this.#changes.wake()
    if (this.#chain.length === 0 && this.#closed === undefined) {
      this.#pacer.gather(this.#queue.length, this.#answered, this.#sentMs)
    }
    this.#loop.soon()
  }

  #applyOwn(own: InFlight): void {
    own.settled = true
    const { tasks, batch, journal, digest } = own.planned
    this.full.took()
    this.space.applied(own.planned.batch.seq, bytesOf(own.planned))
    countCommitted(this.counters, own.planned)
    this.#answered = tasks.length
    this.progress.made(tasks.length)
    const sinceMs = this.#options.clock.monotonic()
    const replica = this.#replica
    const answerUpTo = answersOf(own.planned, replica, this.#options.faults)
    this.#planner.committed()
    if (tasks.length === 0 && this.#replica.backlog.size > 0) this.#flushDue = true
    // A sync at the front: the reads behind it must not see the writes behind them.
    answerUpTo(-1)
    const entry = { encoded: journal, digest, attempt: batch.attempt }
    replica.apply(batch, entry, answerUpTo)
    answerUpTo(Number.POSITIVE_INFINITY)
    this.#planner.applied(batch.seq)
    this.counters.times.apply.observe(this.#options.clock.monotonic() - sinceMs)
    this.#turns.own(batch.passes, this.#options.clock.monotonic() - own.sentMs)
  }

  /** Answers a batch that has nothing to write once head is checked; what cannot be answered is queued. */
  async #confirm(planned: PlannedBatch): Promise<void> {
    this.#confirming = true
    const answered = this.#headCheck.answer(planned)
    const left = await answered.catch((error) => failBatch(error, planned, this.#options))
    if (left.length === 0) this.progress.made()
    this.#queue.putBack(left)
    this.#confirming = false
    this.#changes.wake()
    this.#loop.soon()
  }
}
