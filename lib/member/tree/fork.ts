/**
 * Is a tree that was loaded the continuation of the one that was served? Neighbours: history (what is
 * known of each), keeper (asks after every reload).
 */
import type { Random } from '../../base/clock.ts'
import { epochOf } from '../../model/zxid.ts'
import type { Replica } from './replica.ts'

/** Where a history that was served ended. */
export type ServedEnd = Pick<Replica, 'seq' | 'zxid' | 'history'>

/**
 * @returns why `after` is not what `before` became, or undefined. Where the store keeps neither the batch
 * that `before` ended with nor its digest, numbers decide: all of them must have gone forward.
 */
export function forkOf(before: Replica, after: Replica): string | undefined {
  // Nobody was served from either: the ensemble's tree was copied again.
  if (before.mirrors && after.mirrors) return undefined
  if (after.seq < before.seq) return `batch ${before.seq} was there, now it ends with ${after.seq}`
  const [had, found] = [before.history.end, after.history.digestAt(before.seq)]
  if (had !== undefined && found !== undefined) {
    return had === found ? undefined : `batch ${before.seq} is another one than was applied here`
  }
  if (after.zxid < before.zxid) return 'its newest zxid is older than what was served'
  if (after.isLost(before.zxid)) return 'an epoch has begun since, without what was served last'
  return undefined
}

/** Does `after` end exactly where `before` did? */
export function isSameEnd(before: Replica, after: Replica): boolean {
  const { end } = before.history
  return before.seq === after.seq && end !== undefined && end === after.history.end
}

/** The newest zxid that both histories share, as far as it can be shown; 0: nothing can be shown. */
export function lastCommonZxid(before: ServedEnd, after: Replica): number {
  for (let seq = Math.min(before.seq, after.seq); seq > 0; seq--) {
    const digest = after.history.digestAt(seq)
    if (digest === undefined) return 0
    if (digest === before.history.digestAt(seq)) return before.history.zxidAt(seq) ?? 0
  }
  return 0
}

/**
 * A new epoch is up to this much above the one before. Proxies that lost different histories may not know of each
 * other's epochs: with one number for two of them, a client that saw the one would take the other for it. zxids have room
 * for 2^21 epochs.
 */
export const EPOCH_STEP_MAX = 256

/** The epoch that must begin before `after` is served, where `before` was; undefined: it has begun. */
export function nextEpoch(before: ServedEnd, after: Replica, random: Random): number | undefined {
  const served = epochOf(before.zxid)
  if (epochOf(after.zxid) > served) return undefined
  return served + 1 + Math.floor(random.fraction() * EPOCH_STEP_MAX)
}
