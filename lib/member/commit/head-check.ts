/**
 * Answers requests that have nothing to write, such as a sync, or the resumption of a session that
 * has ended: head is read, the feed catches up with it, and the plan holds if nothing was committed
 * since.
 * Line: batch-planner → here → replies.
 */
import type { Logger } from '../../base/log.ts'
import type { Layout } from '../../format/layout.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { RangeResult, Revision } from '../../store/types.ts'
import type { Planned } from '../plan/planned.ts'
import type { Replica } from '../tree/replica.ts'
import type { PlannedBatch } from './batch-planner.ts'
import type { Changes } from './changes.ts'
import type { CommitTask } from './task.ts'

export interface HeadCheckOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly logger: Logger
  readonly changes: Changes
  /** The replica as of now: a reload replaces it. */
  readonly replica: () => Replica
  /** The revision the replica is at. */
  readonly headRevision: () => Revision
  /** Why nothing more can be answered; undefined: it can. */
  readonly closed: () => StoreError | undefined
  /** The store went back behind batch `seq`: the tree must be reloaded. */
  readonly onStuck: (seq: number) => void
}

/** How long a reload may take before a request that waits for it reads head again. Unit ms. */
const STUCK_PAUSE_MS = 5_000

export class HeadCheck {
  readonly #options: HeadCheckOptions

  constructor(options: HeadCheckOptions) {
    this.#options = options
  }

  /** @returns the requests that could not be answered: they are planned again */
  async answer({ tasks, planned }: PlannedBatch): Promise<readonly CommitTask[]> {
    const { replica, headRevision, closed, changes, onStuck } = this.#options
    const { seq } = replica()
    const before = headRevision()
    const head = await this.#readHead()
    const revision = head?.kvs[0]?.modRevision ?? 0
    while (headRevision() < revision && closed() === undefined) await changes.next()
    const error = closed()
    if (error !== undefined || head === undefined) {
      const reason = error ?? new StoreError('STORE_CLOSED', 'the store was closed')
      for (const task of tasks) task.abandoned(reason)
      return []
    }
    if (revision < before) {
      // The store lost commits this replica has (features.mayLoseTail): nothing holds until
      // reset().
      onStuck(seq)
      await changes.next(STUCK_PAUSE_MS)
      return tasks
    }
    const onlySyncs = tasks.every((task) => task.request.type === 'sync')
    if (!onlySyncs && replica().seq !== seq) return tasks
    tasks.forEach((task, i) => {
      task.committed(replica().zxid, planned[i] as Planned)
    })
    return []
  }

  /** Retries until the store answers. undefined: it was closed. */
  async #readHead(): Promise<RangeResult | undefined> {
    const { store, layout, logger, changes, closed } = this.#options
    for (let tries = 1; closed() === undefined; tries++) {
      try {
        return await store.range({ start: layout.head, keysOnly: true })
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        if (error.code === 'STORE_CLOSED') return undefined
        logger.warn({ err: error, tries }, 'head not readable, retrying')
        await changes.backOff(tries)
      }
    }
    return undefined
  }
}
