/**
 * Sends one batch until its outcome is known. Guarded by what head was before it, the same batch
 * commits at most once, however often it is sent.
 * Line: group-committer → here → store txn.
 */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Layout } from '../../format/layout.ts'
import type { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import { storeFailure } from '../../store/store-failure.ts'
import type { Revision, Txn, TxnResult } from '../../store/types.ts'
import type { InFlight } from './chain.ts'
import type { Changes } from './changes.ts'
import type { CommitTimes } from './commit-times.ts'
import { Patience } from './patience.ts'

export type Outcome =
  /** `sentMs`: of the try that was answered, monotonic. Head was its own until the answer. */
  | { readonly type: 'committed'; readonly revision: Revision; readonly sentMs: number }
  /** Unapplied, and it never will be: larger than the store takes. */
  | { readonly type: 'refused'; readonly error: StoreError }
  /** Unapplied, and no try of it is left that could be: the store has no space for it. */
  | { readonly type: 'full'; readonly error: StoreError }
  | { readonly type: 'closed' }
  /** The feed or the close settled it first. */
  | { readonly type: 'settled' }

export interface BatchSenderOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly logger: Logger
  readonly changes: Changes
  readonly counters: {
    unknownOutcomes: number
    lastFailure: string
    readonly times: Pick<CommitTimes, 'commit'>
  }
  /** Head is ahead of us, but the feed does not bring batch `seq`: the tree must be reloaded. */
  readonly onStuck: (seq: number) => void
  /** Reads head and brings the replica there; undefined: it could not. */
  readonly catchUp: () => Promise<Revision | undefined>
  readonly clock: Clock
}

/** How long after a lost race the feed may take to bring the winner's batch. Unit ms. */
const CONFLICT_PATIENCE_MS = 300

/** Without an answer for so long, the same batch is sent once more, to another member. Unit ms. */
const HEDGE_MS = 300
/** On a store that is slow anyway, only after so many times what it usually takes, but no later. Unit ms. */
const HEDGE_TIMES = 4
const HEDGE_MS_MAX = 1_000
/** Share of the newest commit in what is usual. */
const USUAL_SHARE = 0.1
/** From then on again after so long, or as soon as the store answers what it did not. Unit ms. */
const RESEND_MS = 1_000
/** Between two looks at whether it does. Unit ms. */
const LOOK_MS = 100
/** Tries of one batch that may wait for their answers together. */
const TRIES_PENDING_MAX = 8

type Answer =
  | { readonly result: TxnResult; readonly sentMs: number }
  | { readonly error: StoreError }

/** All tries of one batch: what was answered, and what is still in flight. */
class Tries {
  count = 0
  /** A try is in flight, or failed with an unknown outcome. */
  mayBeApplied = false
  /** A try without an answer may still arrive; one that was refused for space was judged. */
  mayArrive = false
  readonly #pending = new Set<Promise<Answer>>()

  get isPending(): boolean {
    return this.#pending.size > 0
  }
  get pendingCount(): number {
    return this.#pending.size
  }

  add(answer: Promise<Answer>): void {
    if (this.isPending) this.mayBeApplied = true
    this.count++
    const settled: Promise<Answer> = answer.finally(() => this.#pending.delete(settled))
    this.#pending.add(settled)
  }

  /** The next answer of any of them. */
  async next(): Promise<Answer> {
    const answer = await Promise.race(this.#pending)
    if ('error' in answer && answer.error.outcome === 'unknown') {
      this.mayBeApplied = true
      if (answer.error.code !== 'STORE_NO_SPACE') this.mayArrive = true
    }
    return answer
  }
}

export class BatchSender {
  readonly #options: BatchSenderOptions
  readonly #patience: Patience
  /** Batches that were sent once more. */
  #late = 0
  /** How long the store takes to answer a commit. Unit ms. */
  #usualMs = 0
  /** Resolves when the store answers a read again that it left waiting. */
  #revival: Promise<void> | undefined

  constructor(options: BatchSenderOptions) {
    this.#options = options
    this.#patience = new Patience(options.clock)
  }

  async send(next: InFlight): Promise<Outcome> {
    const txn = this.#toTxn(next)
    const tries = new Tries()
    for (;;) {
      if (!tries.isPending) this.#try(tries, txn)
      const answer = await this.#firstAnswer(next, tries, txn)
      if (answer === undefined || next.settled) return { type: 'settled' }
      if ('result' in answer) {
        const { result, sentMs } = answer
        if (result.committed) return { type: 'committed', revision: result.revision, sentMs }
        if (!(await this.#wasOvertaken(next, result.revision))) await this.#untilSettled(next)
        if (next.settled) return { type: 'settled' }
        continue
      }
      const { error } = answer
      if (error.code === 'STORE_CLOSED') return { type: 'closed' }
      if (error.code === 'STORE_TOO_LARGE' || error.code === 'STORE_INVALID') {
        if (!tries.mayBeApplied) return { type: 'refused', error }
        // One member of the store refuses what another may have applied: only a reload settles it.
        this.#options.onStuck(next.planned.batch.seq)
        await this.#untilSettled(next)
        return { type: 'settled' }
      }
      if (tries.isPending) continue
      if (error.code === 'STORE_NO_SPACE' && (await this.#isUnapplied(tries))) {
        return next.settled ? { type: 'settled' } : { type: 'full', error }
      }
      if (next.settled) return { type: 'settled' }
      await this.#pauseAfter(error, next, tries.count)
      if (next.settled) return { type: 'settled' }
    }
  }

  /** Sends the batch; `tries` has the answer when it comes. */
  #try(tries: Tries, txn: Txn): void {
    const { store, clock, counters } = this.#options
    const sentMs = clock.monotonic()
    // To another member where the one before has not answered.
    const suspect = tries.isPending
    tries.add(
      store.txn(txn, { suspect }).then(
        (result) => {
          const tookMs = clock.monotonic() - sentMs
          counters.times.commit.observe(tookMs)
          this.#usualMs += (tookMs - this.#usualMs) * USUAL_SHARE
          return { result, sentMs }
        },
        (thrown: unknown) => {
          const error = storeFailure(thrown, 'unknown')
          if (error.outcome === 'unknown') counters.unknownOutcomes++
          return { error }
        },
      ),
    )
  }

  /**
   * Sends the batch again, a few times, while no try is answered: it commits at most once. A store that
   * lost its leader may have lost all tries of that time, so the next one does not wait for them. undefined: it is settled otherwise,
   * and nothing is sent any more.
   */
  async #firstAnswer(batch: InFlight, tries: Tries, txn: Txn): Promise<Answer | undefined> {
    const hedgeMs = Math.min(Math.max(HEDGE_MS, HEDGE_TIMES * this.#usualMs), HEDGE_MS_MAX)
    const answer = await this.#patience.within(hedgeMs, tries.next())
    if (answer !== undefined) return answer
    this.#late++
    try {
      while (!batch.settled) {
        if (tries.pendingCount < TRIES_PENDING_MAX) this.#try(tries, txn)
        this.#revival ??= this.#untilRevived()
        const sooner = this.#revival.then(() => undefined)
        const next = await this.#patience.within(RESEND_MS, Promise.race([tries.next(), sooner]))
        if (next !== undefined) return next
      }
      return undefined
    } finally {
      this.#late--
    }
  }

  /** Or when no batch is late any more. */
  async #untilRevived(): Promise<void> {
    const { store, layout, clock } = this.#options
    let sinceMs = clock.monotonic()
    while (this.#late > 0) {
      const isAnswered = await store.range({ start: layout.head }).then(
        () => true,
        () => false,
      )
      const now = clock.monotonic()
      // One that answers reads soon is only slow to write.
      if (isAnswered && now - sinceMs >= HEDGE_MS) break
      if (isAnswered) sinceMs = now
      await this.#patience.within(LOOK_MS, new Promise<never>(() => {}))
    }
    this.#revival = undefined
  }

  #toTxn({ planned, guards }: InFlight): Txn {
    const { layout } = this.#options
    return {
      compares: guards,
      ops: [
        { type: 'put', key: layout.head, value: planned.head },
        { type: 'put', key: layout.journalEntry(planned.batch.seq), value: planned.journal },
        ...planned.flush.ops,
      ],
    }
  }

  /**
   * The guard did not hold at `judgedAt`. true: only because the store judged this batch before the
   * one it is planned on, so it is to be sent again. Two txns in flight may arrive in either order.
   */
  async #wasOvertaken(next: InFlight, judgedAt: Revision): Promise<boolean> {
    const { before } = next
    if (before === undefined) return false
    while (!before.settled) await this.#options.changes.next()
    return before.revision > judgedAt
  }

  /** Another batch has this place. The feed brings it; it may even be ours, of an earlier try. */
  async #untilSettled(next: InFlight): Promise<void> {
    while (!next.settled) {
      const changed = await this.#options.changes.next(CONFLICT_PATIENCE_MS)
      if (changed || next.settled) continue
      const reached = await this.#options.catchUp()
      // Head is where the replica is, and the guard did not hold all the same: we do not know head.
      if (reached !== undefined && !next.settled) this.#options.onStuck(next.planned.batch.seq)
    }
  }

  /** etcd may have applied the txn that it says it had no space for: then reading head settles it. */
  async #isUnapplied(tries: Tries): Promise<boolean> {
    if (!tries.mayBeApplied) return true
    return !tries.mayArrive && (await this.#options.catchUp()) !== undefined
  }

  async #pauseAfter(error: StoreError, { planned }: InFlight, tries: number): Promise<void> {
    const { logger, changes, counters } = this.#options
    counters.lastFailure = error.message
    logger.warn(
      { err: error, seq: planned.batch.seq, tries, outcome: error.outcome },
      'commit not confirmed, sending it again',
    )
    await changes.backOff(tries)
  }
}
