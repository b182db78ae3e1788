/**
 * One change feed: a snapshot unless it resumes, then what the member applies, transaction by transaction, as it is
 * pulled. Neighbours: change-log (what it has in common with others), change-feed (opens it), tree/recent-entries (read here), to-change.
 */

import type { Batch, TxnEntry } from '../../format/ops.ts'
import type { Change, ChangeRecord } from '../../model/change.ts'
import type { ChangeLog } from './change-log.ts'
import { type Position, showPosition } from './position.ts'
import { changeOps, type Wanted } from './to-change.ts'
import type { TreeSnapshot } from './tree-snapshot.ts'

/** Transactions that one feed looks at before others of this process have their turn. */
const TURN_TXNS = 512

export class ChangeReader {
  readonly #log: ChangeLog
  readonly #wanted: Wanted
  readonly #signal: AbortSignal | undefined
  #generation: number
  /** Everything up to here was delivered, or is not wanted; undefined: the snapshot is not complete. */
  #position: Position | undefined
  /** The batch that is read, and its next transaction. */
  #batch: Batch | undefined
  #index = 0
  #nextSeq = 0
  /** How far behind it may be without being slow: what it was when it was opened, less what it made good. */
  #allowed = { bytes: 0, txns: 0 }
  #turn = 0
  #yieldedMs: number

  constructor(
    log: ChangeLog,
    wanted: Wanted,
    from: Position | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#log = log
    this.#wanted = wanted
    this.#position = from
    this.#signal = signal
    this.#generation = log.generation
    this.#yieldedMs = this.#nowMs()
  }

  async *records(): AsyncGenerator<ChangeRecord, undefined, undefined> {
    const log = this.#log
    log.opened()
    try {
      log.checkOpen()
      if (this.#position === undefined) yield* this.#snapshot()
      else await this.#resume(this.#position)
      while (!this.#isAborted) {
        log.checkOpen()
        const record = this.#next()
        if (record !== undefined) {
          this.#yieldedMs = this.#nowMs()
          yield record
        } else if (this.#turn < TURN_TXNS) {
          await log.change(this.#bookmarkMs - this.#nowMs() + this.#yieldedMs, this.#signal)
          // A feed that waited has let others have their turn.
          this.#turn = 0
        }
        if (this.#turn >= TURN_TXNS) await this.#letOthers()
      }
    } finally {
      log.ended()
    }
  }

  get #isAborted(): boolean {
    return this.#signal?.aborted === true
  }
  get #bookmarkMs(): number {
    return this.#log.options.limits.changesBookmarkMs
  }
  #nowMs(): number {
    return this.#log.options.clock.monotonic()
  }

  async *#snapshot(): AsyncGenerator<ChangeRecord> {
    const log = this.#log
    // Both in one turn: the snapshot is of exactly this position.
    const at = log.end
    const snapshot = log.snapshot(this.#wanted)
    this.#nextSeq = at.seq + 1
    this.#generation = log.generation
    try {
      for (;;) {
        if (this.#isAborted) return
        this.#checkSnapshot(snapshot)
        const znodes = snapshot.page()
        if (znodes === undefined) break
        if (znodes.length > 0) yield { kind: 'snapshot', zxid: snapshot.zxid, znodes }
        await this.#letOthers()
      }
    } finally {
      log.snapshotEnded(snapshot)
    }
    this.#position = at
    this.#measure()
    this.#yieldedMs = this.#nowMs()
    yield { kind: 'live', zxid: at.zxid, position: showPosition(at) }
  }

  #checkSnapshot({ isTooLarge }: TreeSnapshot): void {
    const log = this.#log
    log.checkOpen()
    if (log.generation !== this.#generation) {
      throw log.gone(undefined, 'the tree was reloaded meanwhile')
    }
    if (isTooLarge) throw log.slow(undefined, 'too much changed before its snapshot was read')
    if (this.#nextSeq < log.recent.first) {
      throw log.slow(undefined, 'what follows its snapshot is not kept any more')
    }
  }

  async #resume(from: Position): Promise<void> {
    const log = this.#log
    // Another member may have delivered more than this one has seen so far.
    if (from.seq > log.options.replica().seq) await log.sync(this.#signal)
    if (this.#isAborted) return
    log.checkOpen()
    this.#locate(from)
    this.#measure()
  }

  #locate(position: Position): void {
    const { seq, index } = this.#log.locate(position)
    this.#generation = this.#log.generation
    this.#nextSeq = seq
    this.#batch = undefined
    this.#index = index
  }

  /** What it is behind by now is no fault of its own. */
  #measure(): void {
    this.#allowed = this.#log.recent.lagFrom(this.#nextSeq)
  }

  /** The next record; undefined: there is none now, or others are to have their turn. */
  #next(): ChangeRecord | undefined {
    if (this.#log.generation !== this.#generation) this.#locate(this.#position as Position)
    while (this.#turn < TURN_TXNS) {
      const batch = this.#batch ?? this.#take()
      if (batch === undefined) return this.#bookmark()
      const txn = batch.txns[this.#index]
      if (txn === undefined) {
        this.#batch = undefined
        this.#index = 0
        this.#pass(batch)
        continue
      }
      this.#index++
      this.#turn++
      const change = this.#change(batch, txn)
      if (change !== undefined) return change
      if (this.#nowMs() - this.#yieldedMs >= this.#bookmarkMs) return this.#bookmark()
    }
    return undefined
  }

  #change(batch: Batch, txn: TxnEntry): Change | undefined {
    const ops = changeOps(txn, this.#wanted)
    const position = this.#pass(batch)
    if (ops.length === 0) return undefined
    const { zxid, time, session, cxid } = txn
    return { kind: 'change', zxid, time, session, cxid, ops, position: showPosition(position) }
  }

  /** Everything up to the transaction before #index is done. */
  #pass({ seq, txns, zxid: lastZxid }: Batch): Position {
    const isDone = this.#batch === undefined || this.#index >= txns.length
    const zxid = isDone ? lastZxid : (txns[this.#index - 1] as TxnEntry).zxid
    const done = isDone ? undefined : this.#index
    this.#position = { zxid, seq, done, digest: this.#log.digestAt(seq) }
    return this.#position
  }

  /** The next batch; undefined: it is not there yet. */
  #take(): Batch | undefined {
    const { recent, options } = this.#log
    if (this.#nextSeq > recent.last) return undefined
    if (this.#nextSeq < recent.first) {
      throw this.#log.slow(this.#position, 'what it has not read is not kept any more')
    }
    const lag = recent.lagFrom(this.#nextSeq)
    const { changesLagBytesMax, changesLagTxnsMax } = options.limits
    this.#allowed = {
      bytes: Math.min(this.#allowed.bytes, lag.bytes),
      txns: Math.min(this.#allowed.txns, lag.txns),
    }
    if (
      lag.bytes > this.#allowed.bytes + changesLagBytesMax ||
      lag.txns > this.#allowed.txns + changesLagTxnsMax
    ) {
      throw this.#log.slow(this.#position, `${lag.txns} transactions and ${lag.bytes} bytes behind`)
    }
    this.#batch = recent.batchAt(this.#nextSeq++)
    this.#turn++
    return this.#batch
  }

  /** Due when nothing was delivered for a while, and this member knows that there was nothing. */
  #bookmark(): ChangeRecord | undefined {
    if (this.#nowMs() - this.#yieldedMs < this.#bookmarkMs) return undefined
    if (!this.#log.options.isServing()) {
      this.#yieldedMs = this.#nowMs()
      return undefined
    }
    const position = this.#position as Position
    return { kind: 'bookmark', zxid: position.zxid, position: showPosition(position) }
  }

  /** A reader that never waits would keep this process from everything else. */
  async #letOthers(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#turn = 0
  }
}
