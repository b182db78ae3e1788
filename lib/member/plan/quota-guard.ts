/**
 * Hard quotas where they are enforced (P4). A request is judged by what is there before it, the requests
 * planned before included, and not by what it does itself: the operations of a multi do not see each other, as
 * in ZooKeeper, which judges by the tree that is applied. Source: ZooKeeperServer.checkQuota.
 */
import type { Logger } from '../../base/log.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import { isQuotaZnode, type QuotaTable, type Usage } from '../tree/quota.ts'

/** Quota'd path → what planned requests change of its usage. */
export type UsageChanges = Map<string, Usage>

/** A line of the log says how many came since the one before. */
const LOG_EVERY_MS = 1_000

export class QuotaGuard {
  readonly #logger: Logger
  readonly #now: () => number
  #loggedMs = Number.NEGATIVE_INFINITY
  #unlogged = 0
  /** Requests and operations of multis that a hard limit refused. */
  refused = 0
  /** Those that went beyond a soft limit. */
  exceeded = 0

  /** `now`: monotonic, ms. */
  constructor(logger: Logger, now: () => number) {
    this.#logger = logger
    this.#now = now
  }

  /** @returns an errno, or 0. `planned`: of the requests planned before, batch by batch */
  judge(quotas: QuotaTable, planned: Iterable<UsageChanges>, path: string, change: Usage): number {
    const quota = quotas.nearest(path)
    if (quota === undefined) return 0
    // ZooKeeper meets an exception there.
    if (quota.limits === undefined) return ZK_ERRORS.MARSHALLING.errno
    const { count, bytes, countHardLimit, byteHardLimit } = quota.limits
    if (!quota.isCounted) return 0
    let { count: znodes, bytes: size } = quota.usage
    for (const changes of planned) {
      const earlier = changes.get(quota.path)
      znodes += earlier?.count ?? 0
      size += earlier?.bytes ?? 0
    }
    const isRefused =
      this.#isBeyond(quota.path, 'count', znodes, change.count, countHardLimit, count) ||
      this.#isBeyond(quota.path, 'bytes', size, change.bytes, byteHardLimit, bytes)
    if (!isRefused) return 0
    this.refused++
    return ZK_ERRORS.QUOTA_EXCEEDED.errno
  }

  /** Counts what a planned request changes of one znode. */
  note(quotas: QuotaTable, changes: UsageChanges, path: string, change: Usage): void {
    if (change.count === 0 && change.bytes === 0) return
    const quota = quotas.nearest(path)
    if (quota === undefined) return
    const { count, bytes } = changes.get(quota.path) ?? { count: 0, bytes: 0 }
    changes.set(quota.path, { count: count + change.count, bytes: bytes + change.bytes })
  }

  /** Does the znode say what a quota is? Requests behind its change wait until it is applied. */
  declares(path: string): boolean {
    return isQuotaZnode(path)
  }

  /** @returns whether a hard limit says no */
  #isBeyond(
    path: string,
    what: 'count' | 'bytes',
    used: number,
    added: number,
    hard: number,
    soft: number,
  ): boolean {
    const limit = hard > -1 ? hard : soft
    if (added === 0 || limit <= -1 || used + added <= limit) return false
    if (hard <= -1) this.exceeded++
    this.#log({ path, what, would: used + added, limit, hard: hard > -1 })
    return hard > -1
  }

  #log(fields: object): void {
    const now = this.#now()
    if (now - this.#loggedMs < LOG_EVERY_MS) {
      this.#unlogged++
      return
    }
    this.#logger.warn({ ...fields, leftOut: this.#unlogged }, 'quota exceeded')
    this.#loggedMs = now
    this.#unlogged = 0
  }
}
