/**
 * What is in the store is not what was served: nobody is served before an epoch has begun.
 * Neighbours: keeper (loses it, reloads the tree), tree/fork (what the two histories share), plan/epoch.
 */

import type { Random } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { StoreError } from '../../model/errors.ts'
import { epochOf } from '../../model/zxid.ts'
import type { CommitTask } from '../commit/task.ts'
import { OwnTask } from '../commit/task.ts'
import { lastCommonZxid, nextEpoch, type ServedEnd } from '../tree/fork.ts'
import type { Replica } from '../tree/replica.ts'

export interface LostHistoryOptions {
  readonly logger: Logger
  readonly random: Random
  /** The replica as of now. */
  readonly replica: () => Replica
  readonly submit: (task: CommitTask) => void
  /** Nobody is to be served. */
  readonly onLost: () => void
  /** Clients may be served again, once the store was seen. */
  readonly onEpoch: () => void
}

export const headIsGone = (prefix: string): StoreError =>
  new StoreError('STORE_INTERNAL', `${prefix}/head is gone: a tree that is not there is not served`)

export class LostHistory {
  /** How often what was in the store was not what had been served. */
  count = 0
  readonly #options: LostHistoryOptions
  /** What was served last. */
  #served: ServedEnd | undefined

  constructor(options: LostHistoryOptions) {
    this.#options = options
  }

  /** An epoch is to begin. */
  get isOpen(): boolean {
    return this.#served !== undefined
  }

  lose(why: string): void {
    // What follows a ZooKeeper ensemble has served nobody.
    if (this.#served !== undefined || this.#options.replica().mirrors) return
    this.count++
    const { zxid, seq, history } = this.#options.replica()
    this.#served = { zxid, seq, history }
    this.#options.logger.error(
      { why, seq, zxid },
      'the history in the store is not the one that was served (restored from a backup?): ' +
        'disconnecting all clients, reloading the tree, beginning an epoch',
    )
    this.#options.onLost()
  }

  /** The tree was reloaded. It may have gone back twice: what was loaded in between was never served. */
  reloaded(after: Replica): void {
    const before = this.#served
    if (before === undefined) return
    const epoch = nextEpoch(before, after, this.#options.random)
    if (epoch === undefined) return this.#begun()
    const lastZxid = lastCommonZxid(before, after)
    const { logger, submit } = this.#options
    logger.warn({ epoch, lastZxid, lostZxid: before.zxid }, 'beginning an epoch')
    const above = epochOf(before.zxid)
    const request = { type: 'newEpoch', above, epoch, lastZxid } as const
    // Abandoned, it is begun after the reload that abandoned it.
    submit(
      new OwnTask(
        request,
        () => this.#begun(),
        () => {},
      ),
    )
  }

  #begun(): void {
    this.#served = undefined
    this.#options.onEpoch()
    const { zxid } = this.#options.replica()
    this.#options.logger.warn({ zxid }, 'the new epoch has begun')
  }
}
