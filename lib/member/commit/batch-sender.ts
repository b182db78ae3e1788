/**
 * Sends one batch until its outcome is known. Guarded by what head was before it, the same batch
 * commits at most once, however often it is sent.
 * Line: group-committer → here → store txn.
 */
import type { Logger } from '../../base/log.ts'
import type { Layout } from '../../format/layout.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { Revision, Txn, TxnResult } from '../../store/types.ts'
import type { InFlight } from './chain.ts'
import type { Changes } from './changes.ts'

export type Outcome =
  | { readonly type: 'committed'; readonly revision: Revision }
  /** Unapplied, and it never will be: larger than the store takes. */
  | { readonly type: 'refused'; readonly error: StoreError }
  | { readonly type: 'closed' }
  /** The feed or the close settled it first. */
  | { readonly type: 'settled' }

export interface BatchSenderOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly logger: Logger
  readonly changes: Changes
  readonly counters: { unknownOutcomes: number }
  /** Head is ahead of us, but the feed does not bring batch `seq`: the tree must be reloaded. */
  readonly onStuck: (seq: number) => void
}

/** How long after a lost race the feed may take to bring the winner's batch. Unit ms. */
const CONFLICT_PATIENCE_MS = 5_000

export class BatchSender {
  readonly #options: BatchSenderOptions

  constructor(options: BatchSenderOptions) {
    this.#options = options
  }

  async send(next: InFlight): Promise<Outcome> {
    const { store, counters } = this.#options
    const txn = this.#toTxn(next)
    let mayBeApplied = false
    for (let tries = 1; ; tries++) {
      let result: TxnResult
      try {
        result = await store.txn(txn)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        if (error.outcome === 'unknown') {
          counters.unknownOutcomes++
          mayBeApplied = true
        }
        if (next.settled) return { type: 'settled' }
        if (error.code === 'STORE_CLOSED') return { type: 'closed' }
        if (error.code === 'STORE_TOO_LARGE' || error.code === 'STORE_INVALID') {
          if (!mayBeApplied) return { type: 'refused', error }
          // One member of the store refuses what another may have applied: only a reload settles
          // it.
          this.#options.onStuck(next.planned.batch.seq)
          await this.#untilSettled(next)
          return { type: 'settled' }
        }
        await this.#pauseAfter(error, next, tries)
        if (next.settled) return { type: 'settled' }
        continue
      }
      if (next.settled) return { type: 'settled' }
      if (result.committed) return { type: 'committed', revision: result.revision }
      if (!(await this.#wasOvertaken(next, result.revision))) await this.#untilSettled(next)
      if (next.settled) return { type: 'settled' }
    }
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
      if (!changed && !next.settled) this.#options.onStuck(next.planned.batch.seq)
    }
  }

  async #pauseAfter(error: StoreError, { planned }: InFlight, tries: number): Promise<void> {
    const { logger, changes } = this.#options
    logger.warn(
      { err: error, seq: planned.batch.seq, tries, outcome: error.outcome },
      'commit not confirmed, sending it again',
    )
    await changes.backOff(tries)
  }
}
